"""Real keys, a real PKI, and the RA in this process, on loopback ports of the kernel's choice."""

import contextlib
import datetime as dt
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from testbed.pki import LabPki, client_context, make_lab_pki
from testbed.ra.certificates import base64_lines
from testbed.ra.process import running
from testbed.settings import AccountSettings, RaPartSettings, RaSettings
from testbed.web.client import HttpConnection, Origin
from testbed.web.messages import Header, Reply
from tests.testbed.ra.scripted_ca import ScriptedCa

EST_PASSWORD = "correct horse"
ACCOUNT_PASSWORD = "battery staple"


@pytest.fixture(scope="session")
def pki(tmp_path_factory: pytest.TempPathFactory) -> LabPki:
    return make_lab_pki(tmp_path_factory.mktemp("pki"), "SCRIPTED-CA", "127.0.0.1", dt.datetime.now(dt.UTC))


@pytest.fixture
def ca(pki: LabPki) -> ScriptedCa:
    return ScriptedCa(pki)


@pytest.fixture(scope="session")
def phone_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


@pytest.fixture(scope="session")
def csr(phone_key: ec.EllipticCurvePrivateKey) -> x509.CertificateSigningRequest:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "SEP74A02FC0A675")])
    return x509.CertificateSigningRequestBuilder().subject_name(subject).sign(phone_key, hashes.SHA256())


@pytest.fixture(scope="session")
def csr_lines(csr: x509.CertificateSigningRequest) -> bytes:
    return base64_lines(csr.public_bytes(Encoding.DER))


@pytest.fixture
def ra_settings(pki: LabPki, tmp_path: Path) -> Callable[..., RaPartSettings]:
    def make(ca_port: int, ca_host: str = "127.0.0.1", **ra: object) -> RaPartSettings:
        return RaPartSettings(
            host="127.0.0.1", ra=RaSettings(**ra), est_password=EST_PASSWORD,  # type: ignore[arg-type]
            server_key=pki.ra_server.key_path, server_certificate=pki.ra_server.certificate_path,
            trust_anchor=pki.trust_anchor, ca_host=ca_host, ca_port=ca_port, account=AccountSettings(),
            account_password=ACCOUNT_PASSWORD, log_directory=tmp_path,
            ca_address=None if ca_host == "127.0.0.1" else "127.0.0.1",
        )  # fmt: skip

    return make


def _port(url: str) -> int:
    port = urlsplit(url).port
    assert port is not None
    return port


class EstClient:
    """A client of the RA: one fresh connection for each request."""

    def __init__(self, est_url: str, metrics_url: str, pki: LabPki) -> None:
        self.origin = Origin("127.0.0.1", _port(est_url), "127.0.0.1")
        self.context = client_context(pki.trust_anchor)
        self.metrics_port = _port(metrics_url)

    async def send(
        self, method: str, target: str, headers: tuple[Header, ...] = (), body: bytes = b""
    ) -> Reply:
        connection = HttpConnection(self.origin, self.context)
        await connection.open()
        try:
            return await connection.send(method, target, (("Host", "ra"), *headers), body)
        finally:
            connection.close()

    async def enroll(self, body: bytes, *headers: Header, operation: str = "simpleenroll") -> Reply:
        sent = (
            ("User-Agent", "Cisco EST client 1.0"), ("Content-Type", "application/pkcs10"),
            ("Content-Length", str(len(body))), ("Connection", "close"), *headers,
        )  # fmt: skip
        return await self.send("POST", f"/.well-known/est/{operation}", sent, body)


RunningRa = Callable[..., AbstractAsyncContextManager[EstClient]]


@pytest.fixture
def running_ra(pki: LabPki, ca: ScriptedCa, ra_settings: Callable[..., RaPartSettings]) -> RunningRa:
    """The RA in front of the scripted CA, and a client of it; keywords are settings of the RA."""

    @contextlib.asynccontextmanager
    async def run(**ra: object) -> AsyncIterator[EstClient]:
        async with ca.running() as ca_port, running(ra_settings(ca_port, **ra)) as addresses:
            yield EstClient(addresses["est"], addresses["metrics"], pki)

    return run
