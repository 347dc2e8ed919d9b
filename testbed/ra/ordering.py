"""Getting one client's certificate: at once, or when it asks again where the CA has to decide first."""

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

from testbed.errors import CaPending, CaRefused, DatabaseError, EstRefused
from testbed.ra.certsrv.calls import Issued
from testbed.ra.enrollment import Enrollment
from testbed.ra.est.pending import Order, PendingRequests


class Ordering:
    """One client's request, known by its `fingerprint`."""

    def __init__(self, pending: PendingRequests, fingerprint: bytes, enrollment: Enrollment) -> None:
        self._pending = pending
        self._fingerprint = fingerprint
        self._enrollment = enrollment
        self._waiting = pending.recall(fingerprint)

    async def certificate(self, new_order: Callable[[], Awaitable[Order]]) -> tuple[Order, Issued]:
        """What was handed in at the CA, and its certificate.

        EstRefused when there is none, CA_ENROLL_RETRY when there is none yet. `new_order` is asked unless the
        same request waits at the CA already: it is not handed in again, not even by clients that come at the
        same time. What the CA has refused, or does not know any more, is forgotten: it would be new.
        """
        async with self._alone():
            order = self._waiting.order if self._waiting else await new_order()
            try:
                return order, await self._issued(order)
            except EstRefused as refused:
                self._note(refused.__cause__, order)
                raise

    async def _issued(self, order: Order) -> Issued:
        if self._waiting is not None:
            return await self._enrollment.collect(self._waiting.request_id, order.request)
        comes_again = order.server_key is None  # a key made here is made anew each time
        issued = await self._enrollment.certificate(order.request, comes_again=comes_again)
        self._pending.decided_at_once = True
        return issued

    @contextlib.asynccontextmanager
    async def _alone(self) -> AsyncIterator[None]:
        """Nobody else hands in the same request meanwhile, unless the CA decides at once anyway."""
        lock = None
        if self._waiting is None and not self._pending.decided_at_once:
            lock = await self._pending.lock(self._fingerprint)
            self._waiting = self._pending.recall(self._fingerprint)
        if lock is not None and self._pending.decided_at_once:
            lock.release()  # as was found out meanwhile
            lock = None
        try:
            yield
        finally:
            if lock is not None:
                lock.release()

    def ended(self, *, received: bool) -> None:
        """The client has `received` its certificate, or will have to ask again."""
        if received and self._waiting is not None:
            with contextlib.suppress(DatabaseError):  # asked for again, it is collected again
                self._pending.forget(self._fingerprint)

    def _note(self, cause: BaseException | None, order: Order) -> None:
        if isinstance(cause, CaPending):
            self._pending.decided_at_once = False
            if cause.request_id is not None:
                self._pending.remember(self._fingerprint, cause.request_id, order)
        elif isinstance(cause, CaRefused) and not cause.cause.startswith("http_"):
            self._pending.forget(self._fingerprint)
