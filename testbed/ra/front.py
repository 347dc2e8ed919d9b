"""The EST server that CAPF talks to: one session for each of its connections.

An enrollment goes as in libEST: method, content type, credentials (which CES checks by logging in at the CA
and looking for its template), then the request itself, then the enrollment at the CA.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

from cryptography import x509

from exporters.ra import RaMetrics
from testbed.errors import DatabaseError, EstRefused
from testbed.est_errors import EstError
from testbed.ra.certificates import SigningRequest, pkcs7_der
from testbed.ra.enrollment import CaSide, Enrollment
from testbed.ra.est import operations as est
from testbed.ra.est.accounts import AuthType
from testbed.ra.est.authentication import Attempt
from testbed.ra.est.desk import Caller, Desk
from testbed.ra.est.operations import Operation
from testbed.ra.est.pending import Order
from testbed.ra.logs.exchange import Exchange
from testbed.ra.logs.logbook import Logbook
from testbed.ra.logs.nginx_log import Connection
from testbed.ra.ordering import Ordering
from testbed.ra.workers.proxied import proxied_certificate, proxied_connection
from testbed.web.messages import Request, Response
from testbed.web.server import Peer, Refusal

_CLIENT_GONE = 499  # NGINX's status for it


@dataclass(frozen=True, slots=True)
class Front:
    """What all sessions share; calling it with a peer makes that peer's session.

    `proxied`: the peer is the front NGINX, which says in each request for whom it comes.
    """

    ca: CaSide
    desk: Desk
    logbook: Logbook
    metrics: RaMetrics
    now: Callable[[], float] = time.time
    proxied: bool = False

    def __call__(self, peer: Peer) -> "EstSession":
        """A session for the connection of `peer`."""
        return EstSession(self, peer)


class _Progress:
    """What a request has led to so far."""

    def __init__(self, auth_type: AuthType, peer: x509.Certificate | None) -> None:
        self.auth_type, self.peer = auth_type, peer
        self.started = time.perf_counter()
        self.operation: Operation | None = None
        self.authenticating = False
        self.enrollment: Enrollment | None = None
        self.ordering: Ordering | None = None

    def ended(self, request: Request, response: Response, refused: EstRefused | None) -> Exchange:
        enrollment = self.enrollment
        return Exchange(
            request=request, response=response, operation=self.operation,
            error=refused.error if refused else EstError.NONE, text=str(refused or ""),
            authenticating=self.authenticating, auth_type=self.auth_type, peer=self.peer,
            calls=tuple(enrollment.calls) if enrollment else (),
            issued=enrollment.issued if enrollment else None,
        )  # fmt: skip

    def close(self, *, answered: bool) -> None:
        """Give back what the enrollment holds; one that got no answer has ended, too."""
        if self.enrollment is not None:
            self.enrollment.close()
            if not answered:
                self.enrollment.ended(received=False)


class EstSession:
    """Serves the requests of one connection."""

    def __init__(self, front: Front, peer: Peer) -> None:
        self._front = front
        server = f"{peer.server_host}:{peer.server_port}"
        self._connection = Connection(peer.number, peer.client_host, server)
        self._caller = _caller(peer)
        self._progress = self._new_progress()
        self._exchange: Exchange | None = None

    def _new_progress(self) -> _Progress:
        return _Progress(self._front.desk.authenticator.auth_type, self._caller.certificate)

    async def respond(self, request: Request) -> Response:
        """The answer to one EST request."""
        if self._front.proxied:
            self._connection = proxied_connection(request.headers) or self._connection
            self._caller = Caller(proxied_certificate(request.headers))
        self._progress = progress = self._new_progress()
        answered = False
        try:
            with self._front.metrics.in_flight.track_inprogress():
                response, refused = await self._answer(request, progress)
            answered = True
        finally:
            progress.close(answered=answered)
        self._exchange = progress.ended(request, response, refused)
        return response

    def refuse(self, refusal: Refusal) -> Response | None:
        """The answer to what cannot be read as a request."""
        response = self._front.desk.answers.unreadable(refusal)
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
        self._count(exchange, progress, delivered=delivered)

    def _count(self, exchange: Exchange, progress: _Progress, *, delivered: bool) -> None:
        metrics = self._front.metrics
        seconds = time.perf_counter() - progress.started
        operation = exchange.operation.value if exchange.operation else "none"
        status = exchange.response.status if delivered else _CLIENT_GONE
        metrics.answered(operation, status, seconds)
        for call in exchange.calls:
            metrics.called(call.stage.value, call.seconds, call.cause, call.attempt)
        if progress.enrollment is not None:
            progress.enrollment.ended(received=status == 200)
        if progress.ordering is not None:
            progress.ordering.ended(received=status == 200)
        self._count_pending()
        metrics.log_lines_lost.set(self._front.logbook.lost_lines)

    def _count_pending(self) -> None:
        forgotten = self._front.desk.pending.take_forgotten()
        if forgotten:
            self._front.metrics.pending_forgotten.inc(forgotten)

    async def _answer(self, request: Request, progress: _Progress) -> tuple[Response, EstRefused | None]:
        try:
            return await self._serve(request, progress), None
        except DatabaseError as error:
            failed = EstRefused(EstError.UNKNOWN, str(error))
            return self._refusal(failed, progress.operation), failed
        except EstRefused as error:
            return self._refusal(error, progress.operation), error

    async def _serve(self, request: Request, progress: _Progress) -> Response:
        desk = self._front.desk
        progress.operation = operation = est.operation_of(request.path)
        est.check_method(operation, request.method)
        if operation is Operation.CACERTS:
            return desk.answers.ca_certificates(self._front.ca.chain.pkcs7_der)
        if operation is Operation.CSRATTRS:
            return desk.answers.attributes(desk.attributes.encoded)
        kind, length = request.headers.get("content-type"), request.headers.get("content-length")
        est.check_request_type(kind, length, chunked=desk.profile.chunked_requests)
        await self._authenticate(request, operation, progress)
        return await self._enroll(request, operation, progress)

    async def _authenticate(self, request: Request, operation: Operation, progress: _Progress) -> None:
        progress.authenticating = True
        authorization, certified = request.headers.get("authorization"), self._caller.certificate is not None
        attempt = Attempt(operation, request.method, request.target, authorization, certified)
        self._front.desk.authenticator.check(attempt)
        progress.enrollment = self._front.ca.enrollment()
        await progress.enrollment.authenticate()

    async def _enroll(self, request: Request, operation: Operation, progress: _Progress) -> Response:
        desk, enrollment = self._front.desk, progress.enrollment
        assert enrollment is not None
        asked = desk.read(request.body, operation, self._caller)
        ordering = Ordering(desk.pending, desk.fingerprint(asked, operation, self._caller), enrollment)
        progress.ordering = ordering
        order, issued = await ordering.certificate(lambda: self._new_order(asked, operation))
        if issued.certificate is None:
            return desk.answers.enrolled(issued.unchecked)
        if order.server_key is not None:
            return desk.answers.key_and_certificate(order.server_key, [issued.certificate])
        return desk.answers.enrolled(pkcs7_der([issued.certificate]))

    async def _new_order(self, asked: SigningRequest, operation: Operation) -> Order:
        if operation is Operation.SERVERKEYGEN:
            return await self._front.desk.server_keys.order(asked)
        return Order(asked)

    def _refusal(self, error: EstRefused, operation: Operation | None) -> Response:
        answers = self._front.desk.answers
        if error.error is EstError.CA_ENROLL_RETRY:
            return answers.pending()
        return answers.refusal(error, operation)


def _caller(peer: Peer) -> Caller:
    der = peer.certificate_der()
    certificate = x509.load_der_x509_certificate(der) if der else None
    # RFC 8446 appendix C.5: TLS 1.3 has no tls-unique.
    has_binding = peer.tls is not None and peer.tls.version() != "TLSv1.3"
    return Caller(certificate, peer.tls_unique() if has_binding else None)
