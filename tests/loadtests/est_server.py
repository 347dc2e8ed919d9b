"""A small EST server that issues for whoever asks, and its CA: what the load generator is tested against."""

import asyncio
import base64
import contextlib
import datetime as dt
import inspect
import ssl
import threading
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import pkcs7

from testbed import pki
from testbed.web.messages import Limits, Request, Response
from testbed.web.server import HttpServer, Peer, Refusal

ENROLL_TYPE = "application/pkcs7-mime; smime-type=certs-only"


@dataclass(frozen=True, slots=True)
class LabCa:
    """A CA with the EST server's certificate, made fresh for a test."""

    key: pki.PrivateKey
    certificate: x509.Certificate
    server: pki.Identity
    trust_anchor: Path

    @property
    def server_tls(self) -> ssl.SSLContext:
        return pki.server_context(self.server)

    @property
    def client_tls(self) -> ssl.SSLContext:
        return pki.client_context(self.trust_anchor)

    def issue(
        self,
        subject: x509.Name,
        public_key: object,
        *,
        valid_from: dt.datetime | None = None,
        valid_until: dt.datetime | None = None,
    ) -> x509.Certificate:
        now = dt.datetime.now(dt.UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.certificate.subject)
            .public_key(public_key)  # type: ignore[arg-type]
            .serial_number(x509.random_serial_number())
            .not_valid_before(valid_from or now - dt.timedelta(minutes=10))
            .not_valid_after(valid_until or now + dt.timedelta(days=365))
        )
        return builder.sign(self.key, hashes.SHA256())

    def enroll(self, csr_base64: bytes) -> bytes:
        csr = x509.load_der_x509_csr(base64.b64decode(csr_base64))
        assert csr.is_signature_valid
        return certs_only(self.issue(csr.subject, csr.public_key()))


def make_ca(directory: Path, host: str = "127.0.0.1") -> LabCa:
    now = dt.datetime.now(dt.UTC)
    key, server_key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    certificate = pki.make_root(key, "TEST-CA", now)
    root = pki.write_identity(directory, "root", key, certificate)
    server_certificate = pki.make_server_certificate(server_key, host, key, certificate, now)
    server = pki.write_identity(directory, "server", server_key, server_certificate)
    return LabCa(key, certificate, server, root.certificate_path)


def certs_only(*certificates: x509.Certificate) -> bytes:
    der = pkcs7.serialize_certificates(list(certificates), serialization.Encoding.DER)
    return base64.encodebytes(der)


Handler = Callable[[Request], Response | Awaitable[Response]]


class _Session:
    def __init__(self, handle: Handler) -> None:
        self._handle = handle

    async def respond(self, request: Request) -> Response:
        answer = self._handle(request)
        return await answer if inspect.isawaitable(answer) else answer

    def refuse(self, refusal: Refusal) -> Response | None:
        raise AssertionError(refusal)

    def finished(self, request: Request, response: Response, *, delivered: bool) -> None:
        pass


@dataclass(slots=True)
class EstServer:
    """A running EST server: its port, what it was asked, and how it answers, which a test may change.

    `peers` are its connections, in their order.
    """

    ca: LabCa
    requests: list[Request]
    peers: list[Peer]
    handle: Handler | None = None
    port: int = 0
    host: str = "127.0.0.1"

    @property
    def url(self) -> str:
        return f"https://{self.host}:{self.port}"

    def est(self, request: Request) -> Response:
        """Answer as an EST server does."""
        if request.path.endswith("/cacerts"):
            return Response(
                200, (("Content-Type", "application/pkcs7-mime"),), certs_only(self.ca.certificate)
            )
        return Response(200, (("Content-Type", ENROLL_TYPE),), self.ca.enroll(request.body))

    def respond(self, request: Request) -> Response | Awaitable[Response]:
        self.requests.append(request)
        return (self.handle or self.est)(request)


@contextlib.contextmanager
def running_est_server(
    ca: LabCa, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1"
) -> Iterator[EstServer]:
    """An EST server in a thread of its own, stopped at the end."""
    server = EstServer(ca, [], [], host=host)
    started, loop = threading.Event(), asyncio.new_event_loop()
    stopped = asyncio.Event()

    async def serve() -> None:
        def session(peer: Peer) -> _Session:
            server.peers.append(peer)
            return _Session(server.respond)

        http = HttpServer(session, tls or ca.server_tls, Limits())
        _, server.port = await http.start(host, 0)
        started.set()
        await stopped.wait()
        await http.stop()

    def run() -> None:
        # A Runner, since it also ends what still answers somebody.
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            runner.run(serve())

    thread = threading.Thread(target=run)
    thread.start()
    assert started.wait(10)
    try:
        yield server
    finally:
        loop.call_soon_threadsafe(stopped.set)
        thread.join(10)
