"""What EST clients do in tests: log in, show certificates, prove possession; and a CA's manager."""

import base64
import contextlib
import datetime as dt
import hashlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import TypeVar

import uvloop
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, load_der_private_key, pkcs7
from cryptography.x509.oid import AttributeOID, ExtendedKeyUsageOID, NameOID

from testbed.pki import write_identity
from testbed.ra.certificates import base64_lines
from testbed.ra.est.digest import parse
from testbed.ra.est.possession import CMC_RA
from testbed.ra.est.settings import EstSettings
from testbed.web.client import HttpConnection
from testbed.web.messages import Header, Reply, Request, Response
from tests.testbed.ra.conftest import EST_PASSWORD, EstClient, RunningRa
from tests.testbed.ra.est_requests import EST, GOOD, PKCS10
from tests.testbed.ra.scripted_ca import PAGE, ScriptedCa

T = TypeVar("T")


Scenario = Callable[[EstClient], Awaitable[T]]


NAME = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "SEP74A02FC0A675")])


def with_ra(running_ra: RunningRa, scenario: Scenario[T], **est: object) -> T:
    async def run() -> T:
        async with running_ra(est=EstSettings(**est)) as client:  # type: ignore[arg-type]
            return await scenario(client)

    return uvloop.run(run())


def certificates(body: bytes) -> list[x509.Certificate]:
    return pkcs7.load_der_pkcs7_certificates(base64.b64decode(body))


def request_lines(
    key: ec.EllipticCurvePrivateKey, subject: x509.Name = NAME, proof: bytes | None = None
) -> bytes:
    builder = x509.CertificateSigningRequestBuilder().subject_name(subject)
    if proof is not None:
        builder = builder.add_attribute(AttributeOID.CHALLENGE_PASSWORD, proof)
    return base64_lines(builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER))


@contextlib.asynccontextmanager
async def connected(client: EstClient) -> AsyncIterator[HttpConnection]:
    connection = HttpConnection(client.origin, client.context)
    await connection.open()
    try:
        yield connection
    finally:
        connection.close()


def post(body: bytes, *headers: Header) -> tuple[Header, ...]:
    return ("Host", "ra"), PKCS10, ("Content-Length", str(len(body))), *headers


def show_certificate(
    client: EstClient, ca: ScriptedCa, directory: Path, *, registrar: bool = False, name: x509.Name = NAME
) -> None:
    """Let the client's TLS show a certificate of the lab's CA."""
    key, now = ec.generate_private_key(ec.SECP256R1()), dt.datetime.now(dt.UTC)
    usages = [ExtendedKeyUsageOID.CLIENT_AUTH, *([CMC_RA] if registrar else [])]
    certificate = (
        x509.CertificateBuilder().subject_name(name).issuer_name(ca.root.subject)
        .public_key(key.public_key()).serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(minutes=5)).not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.ExtendedKeyUsage(usages), critical=False).sign(ca.key, hashes.SHA256())
    )  # fmt: skip
    identity = write_identity(directory, "client", key, certificate)
    client.context.load_cert_chain(identity.certificate_path, identity.key_path)


def nginx_log(directory: Path) -> str:
    return "\n".join(path.read_text() for path in directory.glob("nginx_error.log"))


def key_and_certificate(reply: Reply) -> tuple[object, x509.Certificate]:
    kind = reply.headers.get("content-type") or ""
    message = message_from_bytes(f"Content-Type: {kind}\r\n\r\n".encode() + reply.body, policy=default)
    key, certificate = message.iter_parts()
    assert key["content-type"] == "application/pkcs8"
    [issued] = pkcs7.load_der_pkcs7_certificates(certificate.get_content())
    return load_der_private_key(key.get_content(), None), issued


def digest_answer(
    challenge: str, target: str, password: str = EST_PASSWORD, count: str = "00000001"
) -> Header:
    asked = parse(challenge)
    name = asked.get("algorithm", "MD5")

    def digest(text: str) -> str:
        return hashlib.new(name.replace("-", "").lower(), text.encode()).hexdigest()

    secret = digest(f"capf:{asked['realm']}:{password}")
    proof = digest(f"{secret}:{asked['nonce']}:{count}:c0ffee:auth:{digest('POST:' + target)}")
    fields = (
        f'username="capf", realm="{asked["realm"]}", nonce="{asked["nonce"]}", uri="{target}", qop=auth, '
        f'nc={count}, cnonce="c0ffee", algorithm={name}, response="{proof}"'
    )
    return ("Authorization", "Digest " + fields)


async def prove(client: EstClient, key: ec.EllipticCurvePrivateKey, proof: bytes | None = None) -> Reply:
    """Enroll with tls-unique of the very connection as proof, or with another."""
    async with connected(client) as connection:
        tls = connection._transport.get_extra_info("ssl_object")  # type: ignore[union-attr]
        binding = base64.b64encode(tls.get_channel_binding("tls-unique"))
        body = request_lines(key, proof=proof or binding)
        return await connection.send("POST", EST + "simpleenroll", post(body, GOOD), body)


def tcp_to(client: EstClient) -> socket.socket:
    return socket.create_connection(("127.0.0.1", client.origin.port), timeout=10)


class Manager:
    """The CA's manager decides: every submission waits until `approved`."""

    def __init__(self, ca: ScriptedCa) -> None:
        self._ca, self.approved, self.submitted = ca, False, 0
        self.bodies: list[Request] = []
        ca.answers["/certsrv/certfnsh.asp"] = self.submit
        ca.answers["/certsrv/certnew.cer"] = self.download

    async def submit(self, request: Request) -> Response:
        self.submitted += 1
        await self._ca.usual(request)  # so that there is something to hand out later
        number = max(self._ca.issued)
        return Response(200, PAGE, b"Certificate Pending ... Your Request Id is %d." % number)

    async def download(self, request: Request) -> Response:
        if self.approved:
            return await self._ca.usual(request)
        page = b"Disposition message:</B></TD><TD>\r\n\t\tTaken Under Submission\r\nDisposition: 5\r\n"
        return Response(200, PAGE, page)
