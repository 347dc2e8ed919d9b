"""The EST server that CAPF talks to: one session for each of its connections.

An enrollment goes as in libEST: method, content type, credentials (which CES checks by logging in at the CA
and looking for its template), then the request itself, then the enrollment at the CA.
"""

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from exporters.ra import RaMetrics
from testbed.errors import CaRefused, CurlError, EstRefused
from testbed.est_errors import EstError
from testbed.ra import est
from testbed.ra.basic import BasicAccount
from testbed.ra.calls import CaCall, Issued
from testbed.ra.certificates import CaChain, SigningRequest, pkcs7_lines
from testbed.ra.certsrv import Certsrv
from testbed.ra.est import Operation
from testbed.ra.exchange import Exchange
from testbed.ra.logbook import Logbook
from testbed.ra.nginx_log import Connection
from testbed.web.messages import Request, Response
from testbed.web.server import Peer, Refusal

_CLIENT_GONE = 499  # NGINX's status for it


@dataclass(frozen=True, slots=True)
class Front:
    """What all sessions share; calling it with a peer makes that peer's session."""

    certsrv: Certsrv
    chain: CaChain
    account: BasicAccount
    realm: str
    logbook: Logbook
    metrics: RaMetrics
    now: Callable[[], float] = time.time

    def __call__(self, peer: Peer) -> "EstSession":
        """A session for the connection of `peer`."""
        return EstSession(self, peer)


class _Progress:
    """What a request has led to so far."""

    def __init__(self) -> None:
        self.started = time.perf_counter()
        self.operation: Operation | None = None
        self.authenticating = False
        self.calls: list[CaCall] = []
        self.issued: Issued | None = None

    def note_issued(self, issued: Issued) -> None:
        self.issued = issued

    def ended(self, request: Request, response: Response, refused: EstRefused | None) -> Exchange:
        return Exchange(
            request=request, response=response, operation=self.operation,
            error=refused.error if refused else EstError.NONE, text=str(refused or ""),
            authenticating=self.authenticating, calls=tuple(self.calls), issued=self.issued,
        )  # fmt: skip


class EstSession:
    """Serves the requests of one connection."""

    def __init__(self, front: Front, peer: Peer) -> None:
        self._front = front
        server = f"{peer.server_host}:{peer.server_port}"
        self._connection = Connection(peer.number, peer.client_host, server)
        self._progress = _Progress()
        self._exchange: Exchange | None = None

    async def respond(self, request: Request) -> Response:
        """The answer to one EST request."""
        self._progress = progress = _Progress()
        with self._front.metrics.in_flight.track_inprogress():
            try:
                response, refused = await self._serve(request, progress), None
            except EstRefused as error:
                response, refused = self._refusal(error), error
        self._exchange = progress.ended(request, response, refused)
        return response

    def refuse(self, refusal: Refusal) -> Response | None:
        """The answer to what cannot be read as a request."""
        response = est.unreadable(refusal)
        if response is not None:
            exchange = Exchange(None, response, error=EstError.HTTP_BAD_REQ, text=refusal.value)
            self._front.logbook.answered(exchange, self._connection, self._front.now())
            self._front.metrics.answered("none", response.status, 0.0)
        return response

    def finished(self, request: Request, response: Response, *, delivered: bool) -> None:  # noqa: ARG002
        """Log and count how the last request ended."""
        exchange, progress = self._exchange, self._progress
        if exchange is None:
            return
        self._exchange = None
        log = self._front.logbook.answered if delivered else self._front.logbook.undelivered
        log(exchange, self._connection, self._front.now())
        self._count(exchange, time.perf_counter() - progress.started, delivered=delivered)

    def _count(self, exchange: Exchange, seconds: float, *, delivered: bool) -> None:
        metrics = self._front.metrics
        operation = exchange.operation.value if exchange.operation else "none"
        status = exchange.response.status if delivered else _CLIENT_GONE
        metrics.answered(operation, status, seconds)
        for call in exchange.calls:
            metrics.called(call.stage.value, call.seconds, call.cause)
        if exchange.issued and status != 200:
            metrics.orphans.inc()
        metrics.log_lines_lost.set(self._front.logbook.lost_lines)

    async def _serve(self, request: Request, progress: _Progress) -> Response:
        progress.operation = operation = est.operation_of(request.path)
        est.check_method(operation, request.method)
        if operation is Operation.CACERTS:
            return est.ca_certificates(self._front.chain.pkcs7_lines)
        if operation is Operation.CSRATTRS:
            return est.no_attributes()
        content_length = request.headers.get("content-length")
        est.check_request_type(request.headers.get("content-type"), content_length)
        await self._authenticate(request, progress)
        return await self._enroll(request, progress)

    async def _authenticate(self, request: Request, progress: _Progress) -> None:
        progress.authenticating = True
        authorization = request.headers.get("authorization")
        if authorization is None:
            raise EstRefused(EstError.AUTH_PENDING, "no credentials", challenged=True)
        if not self._front.account.accepts(authorization):
            raise EstRefused(EstError.AUTH_FAIL, "wrong credentials")
        with _failing_as(EstError.AUTH_FAIL):
            await self._front.certsrv.authenticate(progress.calls.append)

    async def _enroll(self, request: Request, progress: _Progress) -> Response:
        try:
            signing_request = SigningRequest.from_est(request.body)
        except ValueError as error:
            raise EstRefused(EstError.BAD_PKCS10, str(error)) from error
        with _failing_as(EstError.CA_ENROLL_FAIL):
            progress.issued = issued = await self._front.certsrv.submit_and_download(
                signing_request, self._front.chain, progress.calls.append, progress.note_issued
            )
        assert issued.certificate is not None
        return est.enrolled(pkcs7_lines([issued.certificate]))

    def _refusal(self, error: EstRefused) -> Response:
        return est.challenge(self._front.realm) if error.challenged else est.refusal(error.error)


@contextlib.contextmanager
def _failing_as(error: EstError) -> Iterator[None]:
    """Turn what went wrong at the CA into the error an EST client is told."""
    try:
        yield
    except (CurlError, CaRefused) as failure:
        raise EstRefused(error, str(failure)) from failure
