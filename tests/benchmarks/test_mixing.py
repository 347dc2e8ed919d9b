"""Fifty thousand enrollments through RA and CA: each phone gets its own certificate with 64 others beside it.

The phones' P-256 keys and requests are made beforehand, so that this is long, not heavy.
"""

import asyncio
import base64
import ssl
import time
from dataclasses import dataclass
from pathlib import Path

import click
import pytest
import uvloop
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, pkcs7
from pytest_benchmark.fixture import BenchmarkFixture

from testbed.ca.settings import CaSettings
from testbed.lab import Endpoints, Lab
from testbed.pki import client_context
from testbed.ra.certificates import base64_lines
from testbed.ra.est.settings import EstSettings
from testbed.ra.settings import RaSettings
from testbed.settings import LabSettings
from testbed.web.client import HttpConnection, Origin
from testbed.web.messages import Header

ENROLLMENTS = 50_000
KEYS = 500
AT_ONCE = 64
PATH = "/.well-known/est/simpleenroll"


@dataclass(frozen=True)
class Phone:
    name: str
    public_key: bytes
    body: bytes


def make_phones(count: int) -> list[Phone]:
    keys = [ec.generate_private_key(ec.SECP256R1()) for _ in range(KEYS)]
    spki = [k.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo) for k in keys]
    return [_phone(f"SEP{n:012X}", keys[n % KEYS], spki[n % KEYS]) for n in range(count)]


def _phone(name: str, key: ec.EllipticCurvePrivateKey, public_key: bytes) -> Phone:
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    request = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, hashes.SHA256())
    return Phone(name, public_key, base64_lines(request.public_bytes(Encoding.DER)))


def check(phone: Phone, body: bytes) -> int:
    """The serial number of the one certificate in an answer, which must be this phone's."""
    [certificate] = pkcs7.load_der_pkcs7_certificates(base64.b64decode(body))
    key = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert key == phone.public_key
    assert certificate.subject.rfc4514_string() == f"CN={phone.name}"
    return certificate.serial_number


async def enroll_all(endpoints: Endpoints, phones: list[Phone]) -> list[int]:
    """The serial numbers of all; connections serve ten phones each, so that some are shared."""
    login = base64.b64encode(f"{endpoints.est_user}:{endpoints.est_password}".encode()).decode()
    headers = (("Host", "ra"), ("Content-Type", "application/pkcs10"), ("Authorization", f"Basic {login}"))
    origin = Origin("127.0.0.1", int(endpoints.ra.split(":")[2].split("/")[0]), "127.0.0.1")
    tls, waiting, serials = client_context(Path(endpoints.trust_anchor)), iter(phones), list[int]()

    async def work() -> None:
        while tenth := [phone for _, phone in zip(range(10), waiting, strict=False)]:
            serials.extend(await _enroll_on_one_connection(origin, tls, headers, tenth))

    await asyncio.gather(*(work() for _ in range(AT_ONCE)))
    return serials


async def _enroll_on_one_connection(
    origin: Origin, tls: ssl.SSLContext, headers: tuple[Header, ...], phones: list[Phone]
) -> list[int]:
    connection = HttpConnection(origin, tls)
    await connection.open()
    try:
        serials = []
        for phone in phones:
            length = ("Content-Length", str(len(phone.body)))
            reply = await connection.send("POST", PATH, (*headers, length), phone.body)
            assert reply.status == 200, reply.body
            serials.append(check(phone, reply.body))
        return serials
    finally:
        connection.close()


@pytest.mark.benchmark(group="mixing")
@pytest.mark.timeout(3600)
def test_fifty_thousand_phones_each_get_their_own_certificate(
    benchmark: BenchmarkFixture, tmp_path: Path
) -> None:
    phones = make_phones(ENROLLMENTS)
    settings = LabSettings(ca=CaSettings(), ra=RaSettings(est=EstSettings(profile="rfc")))
    with Lab(settings, tmp_path, tmp_path / "ca.db") as lab:
        started = time.perf_counter()
        serials: list[int] = benchmark.pedantic(  # type: ignore[no-untyped-call]
            lambda: uvloop.run(enroll_all(lab.endpoints, phones)), rounds=1
        )
        seconds = time.perf_counter() - started
    assert len(set(serials)) == ENROLLMENTS
    click.echo(
        f"\n{ENROLLMENTS} enrollments, {len(set(serials))} certificates, none swapped, in {seconds:.0f} s"
    )
