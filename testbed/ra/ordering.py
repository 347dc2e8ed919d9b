"""Getting one client's certificate: at once, or when it asks again where the CA has to decide first."""

import contextlib

from testbed.errors import CaPending, CaRefused, DatabaseError, EstRefused
from testbed.ra.certsrv.calls import Issued
from testbed.ra.enrollment import Enrollment
from testbed.ra.est.pending import Order, PendingRequests


class Ordering:
    """One client's request, known by its `fingerprint`; `known` is what is remembered of it at the start."""

    def __init__(self, pending: PendingRequests, fingerprint: bytes, enrollment: Enrollment) -> None:
        self._pending = pending
        self._fingerprint = fingerprint
        self._enrollment = enrollment
        self._waiting = pending.recall(fingerprint)

    @property
    def known(self) -> Order | None:
        """What was handed in for the same request before, and is not decided as far as the RA knows."""
        return self._waiting.order if self._waiting else None

    async def certificate(self, order: Order) -> Issued:
        """The certificate for `order`; EstRefused when there is none, CA_ENROLL_RETRY when there is none yet.

        An order that waits at the CA is not handed in again. What the CA has refused, or does not know any
        more, is forgotten: it would be a new request.
        """
        try:
            if self._waiting is not None:
                return await self._enrollment.collect(self._waiting.request_id, order.request)
            comes_again = order.server_key is None  # a key made here is made anew each time
            return await self._enrollment.certificate(order.request, comes_again=comes_again)
        except EstRefused as refused:
            self._note(refused.__cause__, order)
            raise

    def ended(self, *, received: bool) -> None:
        """The client has `received` its certificate, or will have to ask again."""
        if received and self._waiting is not None:
            with contextlib.suppress(DatabaseError):  # asked for again, it is collected again
                self._pending.forget(self._fingerprint)

    def _note(self, cause: BaseException | None, order: Order) -> None:
        if isinstance(cause, CaPending):
            if cause.request_id is not None:
                self._pending.remember(self._fingerprint, cause.request_id, order)
        elif isinstance(cause, CaRefused) and not cause.cause.startswith("http_"):
            self._pending.forget(self._fingerprint)
