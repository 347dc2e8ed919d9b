"""A CA that follows a script: enough of `/certsrv` for the RA, each answer replaceable by a test."""

import base64
import contextlib
import datetime as dt
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from urllib.parse import parse_qs

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key, pkcs7

from testbed.ntlm.acceptor import Acceptor, Names
from testbed.pki import Identity, LabPki, PrivateKey, server_context
from testbed.web.messages import Limits, Request, Response
from testbed.web.server import HttpServer, Peer, Refusal

Answer = Callable[[Request], Awaitable[Response]]
PAGE = (("Content-Type", "text/html"),)
_ROW = re.compile(r"ReqID=(\d+)")


@dataclass
class Row:
    """One request as an IIS log shows it, and on which connection it came."""

    connection: int
    request: Request
    status: int


@dataclass
class ScriptedCa:
    """Issues for any request; `answers` by path replace what it would say, after the login."""

    pki: LabPki
    template: str = "CiscoRA"
    answers: dict[str, Answer] = field(default_factory=dict)
    rows: list[Row] = field(default_factory=list)
    issued: dict[int, x509.Certificate] = field(default_factory=dict)
    stop_listening: Callable[[], None] = lambda: None
    present: Callable[[Identity], None] = lambda _: None
    limits: Limits | None = None

    def __post_init__(self) -> None:
        key = load_pem_private_key(self.pki.issuing.key_path.read_bytes(), None)
        self.key: PrivateKey = key  # type: ignore[assignment]
        self.root = x509.load_pem_x509_certificate(self.pki.issuing.certificate_path.read_bytes())
        names = Names("ESTORM", "estorm.test", "CA", "ca.estorm.test")
        self.acceptor: Acceptor[Account] = Acceptor(names, lambda _domain, _user: None)

    def sign(self, public_key: CertificateIssuerPublicKeyTypes, subject: x509.Name) -> x509.Certificate:
        now = dt.datetime.now(dt.UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.root.subject)
            .public_key(public_key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(minutes=10))
            .not_valid_after(now + dt.timedelta(days=1))
            .sign(self.key, hashes.SHA256())
        )

    async def answer(self, request: Request) -> Response:
        if request.path in self.answers:
            return await self.answers[request.path](request)
        return await self.usual(request)

    async def usual(self, request: Request) -> Response:
        match request.path:
            case "/certsrv":
                return Response(301, (("Location", "/certsrv/"), *PAGE), b"m" * 163)
            case "/certsrv/certrqxt.asp":
                return Response(200, PAGE, self.form().encode())
            case "/certsrv/certfnsh.asp":
                return Response(200, PAGE, self.submit(request).encode())
            case "/certsrv/certnew.cer":
                number = int(_ROW.findall(request.query)[0])
                return Response(200, PAGE, self.issued[number].public_bytes(Encoding.PEM))
            case "/certsrv/certnew.p7b":
                return Response(200, PAGE, pkcs7.serialize_certificates([self.root], Encoding.DER))
        return Response(404)

    def form(self) -> str:
        value = f"O;{self.template};1;1;1;1;1;0;;1.2.3;100;1;1;{self.template}"
        return f'<Select Name=lbCertTemplate>\r\n<Option Value="{value}">{self.template}\r\n</Select>'

    def submit(self, request: Request) -> str:
        fields = parse_qs(request.body.decode("ascii"))
        csr = x509.load_pem_x509_csr(fields["CertRequest"][0].encode())
        number = len(self.issued) + 10
        self.issued[number] = self.sign(csr.public_key(), csr.subject)  # type: ignore[arg-type]
        return f'<A Href="certnew.cer?ReqID={number}&amp;Enc=bin">Download certificate</A>'

    def lines(self) -> list[tuple[str, str, int]]:
        return [(row.request.method, row.request.target, row.status) for row in self.rows]

    @contextlib.asynccontextmanager
    async def running(self, identity: Identity | None = None) -> AsyncIterator[int]:
        tls = server_context(identity or self.pki.ca_server)
        self.present = lambda other: tls.load_cert_chain(other.certificate_path, other.key_path)
        server = HttpServer(lambda peer: _Session(self, peer), tls, self.limits)
        self.stop_listening = server.stop_listening
        _, port = await server.start("127.0.0.1", 0)
        try:
            yield port
        finally:
            await server.stop()


@dataclass
class Account:
    nt_hash: bytes = b""


class _Session:
    def __init__(self, ca: ScriptedCa, peer: Peer) -> None:
        self._ca, self._peer = ca, peer
        self._logged_in = False

    async def respond(self, request: Request) -> Response:
        response = await self._respond(request)
        self._ca.rows.append(Row(self._peer.number, request, response.status))
        return response

    async def _respond(self, request: Request) -> Response:
        token = (request.headers.get("authorization") or "").removeprefix("NTLM ")
        message = base64.b64decode(token)
        if message[8:9] == b"\x01":
            challenge = base64.b64encode(self._ca.acceptor.challenge(message).raw).decode()
            return Response(401, (("WWW-Authenticate", f"NTLM {challenge}"),), b"Not Authorized")
        self._logged_in = self._logged_in or message[8:9] == b"\x03"
        if not self._logged_in:
            return Response(401, (("WWW-Authenticate", "NTLM"),))
        return await self._ca.answer(request)

    def refuse(self, refusal: Refusal) -> Response | None:  # noqa: ARG002
        return None

    def finished(self, request: Request, response: Response, *, delivered: bool) -> None:
        pass
