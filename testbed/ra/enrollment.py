"""One enrollment at the CA, as the EST server sees it: authenticate, get the certificate, say how it ended.

What goes wrong at the CA comes out as EstRefused, with the error and the status that the client is told.
"""

import contextlib
from collections.abc import Awaitable, Callable
from typing import TypeVar

from exporters.ra import RaMetrics
from testbed.errors import CaRefused, CurlError, EstRefused
from testbed.ra.certificates import CaChain, SigningRequest
from testbed.ra.certsrv.calls import CaCall, Issued
from testbed.ra.certsrv.client import Certsrv
from testbed.ra.late_certificates import LateCertificates
from testbed.ra.verdicts import authentication_failed, enrollment_failed
from testbed.ra.workers.locks import Lock
from testbed.ra.workers.turns import Turns

T = TypeVar("T")


class _NotAtTheCa(Exception):
    """The CA does not give the certificate that it said it had issued."""


class CaSide:
    """What all enrollments share; `certsrv` and `chain` are replaced on a reload, for the enrollments after.

    `late` is None where late certificates are not handed out.
    """

    def __init__(
        self,
        certsrv: Certsrv,
        chain: CaChain,
        metrics: RaMetrics,
        turns: Turns,
        late: LateCertificates | None = None,
    ) -> None:
        self.certsrv = certsrv
        self.chain = chain
        self.metrics = metrics
        self.turns = turns
        self.late = late

    def replace(self, certsrv: Certsrv, chain: CaChain) -> None:
        """Use another login and chain from the next enrollment on."""
        self.certsrv.close()
        self.certsrv, self.chain = certsrv, chain

    def enrollment(self) -> "Enrollment":
        """An enrollment whose time runs from here."""
        return Enrollment(self)


class Enrollment:
    """One enrollment; `calls` are those made so far, `issued` is known once the CA has issued.

    `close` it when the answer is known, and say `ended` once it is known whether the client got it.
    """

    def __init__(self, ca: CaSide) -> None:
        self.calls: list[CaCall] = []
        self.issued: Issued | None = None
        self._ca = ca
        self._chain = ca.chain
        self._conversation = ca.certsrv.converse(self.calls.append)
        self._has_turn = False
        self._fingerprint = ""
        self._lock: Lock | None = None
        self._handed_out = False

    async def authenticate(self) -> None:
        """Log in at the CA and look for the template; EstRefused (AUTH_FAIL) when either fails."""
        await self._take_turn()
        await _translated(self._conversation.authenticate(), authentication_failed)

    async def certificate(self, request: SigningRequest, *, comes_again: bool = True) -> Issued:
        """The certificate for `request`; EstRefused when the CA does not give one.

        `comes_again`: a client that has gone may ask with the same request later.
        """
        await self._take_turn()
        kept = await self._kept(request) if comes_again else None
        if kept is not None:
            with contextlib.suppress(_NotAtTheCa):
                return await self._hand_out(kept, request)
        submission = self._conversation.submit_and_download(request, self._chain, self._note_issued)
        self.issued = issued = await _translated(submission, enrollment_failed)
        return issued

    async def _hand_out(self, kept: Issued, request: SigningRequest) -> Issued:
        """What is kept for the request, downloaded now if it never was; _NotAtTheCa when the CA lacks it."""
        self._handed_out, self.issued = True, kept
        if kept.certificate is not None:
            return kept
        try:
            return await self.collect(kept.request_id, request)
        except EstRefused as refused:
            if not isinstance(refused.__cause__, CaRefused) or refused.status:
                raise
            self._handed_out, self.issued = False, None
            assert self._ca.late is not None
            self._ca.late.drop(self._fingerprint)
            self._ca.metrics.late_certificates("", 1)
            raise _NotAtTheCa from refused

    async def collect(self, request_id: int, request: SigningRequest) -> Issued:
        """The certificate that the CA has under `request_id`; EstRefused when it gives none."""
        await self._take_turn()
        download = self._conversation.download(request_id, request, self._chain)
        self.issued = issued = await _translated(download, enrollment_failed)
        return issued

    def close(self) -> None:
        """Give back what the enrollment holds at the CA; the worker is free for the next."""
        self._conversation.close()
        if self._has_turn:
            self._has_turn = False
            self._ca.turns.end()

    def ended(self, *, received: bool) -> None:
        """The client has `received` its certificate, or has not; then it is kept, or an orphan."""
        late, issued = self._ca.late, self.issued
        if issued is not None and late is not None and self._fingerprint:
            self._ca.metrics.late_certificates(*self._settle(late, issued, received=received))
        elif issued is not None and not received:
            self._ca.metrics.orphans.inc()
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    def _settle(self, late: LateCertificates, issued: Issued, *, received: bool) -> tuple[str, int]:
        """What became of a certificate that may be kept, and how many older ones were lost for it."""
        if not received:
            return "kept", late.keep(self._fingerprint, issued)
        if self._handed_out:
            late.drop(self._fingerprint)
            return "handed_out", 0
        return "", 0

    async def _kept(self, request: SigningRequest) -> Issued | None:
        late = self._ca.late
        if late is None:
            return None
        self._fingerprint = request.fingerprint.hex()
        self._lock = await late.lock(self._fingerprint)
        return late.find(self._fingerprint)

    async def _take_turn(self) -> None:
        if not self._has_turn:
            await self._ca.turns.begin()
            self._has_turn = True

    def _note_issued(self, issued: Issued) -> None:
        self.issued = issued


async def _translated(call: Awaitable[T], translate: Callable[[CurlError | CaRefused], EstRefused]) -> T:
    try:
        return await call
    except (CurlError, CaRefused) as failure:
        raise translate(failure) from failure
