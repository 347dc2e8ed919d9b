"""Whatever a client sends, the RA goes on, and no other phone's enrollment changes."""

import asyncio
import base64
import contextlib
import ssl
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
import uvloop
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from testbed.ra.certificates import base64_lines
from testbed.ra.est.settings import EstLimits, EstSettings
from tests.testbed.ra.conftest import EstClient, RunningRa
from tests.testbed.ra.est_requests import EST, GOOD
from tests.testbed.ra.scripted_ca import ScriptedCa

pytestmark = pytest.mark.long

Phone = tuple[bytes, ec.EllipticCurvePublicKey]


@dataclass(repr=False)
class Bench:
    """The RA while it serves, the loop it runs in, and a phone that enrolls beside the fuzz."""

    runner: asyncio.Runner
    client: EstClient
    phone: Phone

    def attack(self, data: bytes, *, tls: bool) -> None:
        self.runner.run(_attack_beside_a_phone(self.client, data, self.phone, tls=tls))


def make_phone(number: int) -> Phone:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, f"SEP{number:012X}")])
    request = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, hashes.SHA256())
    return base64_lines(request.public_bytes(Encoding.DER)), key.public_key()


@pytest.fixture(params=["basic", "digest", "certificate_or_basic"])
def bench(request: pytest.FixtureRequest, running_ra: RunningRa) -> Iterator[Bench]:
    est = EstSettings(authentication=request.param, limits=EstLimits(request_seconds=0.2))
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        ra = running_ra(est=est)
        client = runner.run(ra.__aenter__())
        try:
            yield Bench(runner, client, make_phone(1))
        finally:
            runner.run(ra.__aexit__(None, None, None))


async def _attack_beside_a_phone(client: EstClient, data: bytes, phone: Phone, *, tls: bool) -> None:
    attack = asyncio.ensure_future(_send(client, data, tls=tls))
    reply = await client.enroll(phone[0], GOOD)
    if reply.status == 200:
        [certificate] = pkcs7.load_der_pkcs7_certificates(base64.b64decode(reply.body))
        assert certificate.public_key() == phone[1]
    else:  # Digest: Basic does not pass for it
        assert reply.status == 401
    await attack


async def _send(client: EstClient, data: bytes, *, tls: bool) -> None:
    context = client.context if tls else None
    reader, writer = await asyncio.open_connection("127.0.0.1", client.origin.port, ssl=context)
    with contextlib.suppress(OSError, ssl.SSLError):
        writer.write(data)
        if not tls:
            writer.write_eof()
        await asyncio.wait_for(reader.read(), 5)
    writer.transport.abort()
    with contextlib.suppress(OSError, ssl.SSLError):
        await writer.wait_closed()


METHODS = st.sampled_from(["GET", "POST", "PUT", "HEAD", "OPTIONS", "BREW", ""])
PATHS = st.sampled_from(
    [EST + "cacerts", EST + "csrattrs", EST + "simpleenroll", EST + "simplereenroll", EST + "serverkeygen",
     EST + "a/simpleenroll", EST, "/", "*", EST + "../simpleenroll", EST + "%00/cacerts"]
)  # fmt: skip
VALUES = st.text(st.characters(codec="latin-1", exclude_characters="\r\n\0"), max_size=40)
HEADERS = st.lists(
    st.one_of(
        st.tuples(st.just("Authorization"), st.one_of(VALUES, VALUES.map("Digest ".__add__))),
        st.just(GOOD),
        st.tuples(st.just("Content-Type"), st.sampled_from(["application/pkcs10", "text/plain", ""])),
        st.tuples(st.just("Content-Length"), st.sampled_from(["0", "5", "-1", "99999999999", "x", "5, 6"])),
        st.tuples(st.just("Transfer-Encoding"), st.sampled_from(["chunked", "gzip, chunked", "x"])),
        st.tuples(st.just("Expect"), st.just("100-continue")),
        st.tuples(st.just("Connection"), st.sampled_from(["close", "keep-alive", "upgrade"])),
        st.tuples(VALUES, VALUES),
    ),
    max_size=6,
)  # fmt: skip
BODIES = st.one_of(st.binary(max_size=200), st.binary(max_size=200).map(base64_lines))
REQUESTS = st.builds(
    lambda method, path, headers, body: (
        f"{method} {path} HTTP/1.1\r\n".encode("latin-1")
        + "".join(f"{name}: {value}\r\n" for name, value in headers).encode("latin-1")
        + b"\r\n" + body
    ),
    METHODS, PATHS, HEADERS, BODIES,
)  # fmt: skip


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.one_of(st.lists(REQUESTS, min_size=1, max_size=3).map(b"".join), st.binary(max_size=500)))
def test_no_bytes_inside_tls_stop_the_ra_or_touch_another_phone(bench: Bench, data: bytes) -> None:
    bench.attack(data, tls=True)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.one_of(st.binary(max_size=500), st.binary(max_size=200).map(b"\x16\x03\x01\x02\x00".__add__)))
def test_no_bytes_instead_of_tls_stop_it(bench: Bench, data: bytes) -> None:
    bench.attack(data, tls=False)


def test_a_request_cut_anywhere_leaves_the_next_one_whole(bench: Bench) -> None:
    body = bench.phone[0]
    head = f"POST {EST}simpleenroll HTTP/1.1\r\n{GOOD[0]}: {GOOD[1]}\r\nContent-Type: application/pkcs10\r\n"
    whole = f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body
    for length in range(0, len(whole), 61):
        bench.attack(whole[:length] + b"\r\n\r\n", tls=True)


@pytest.mark.parametrize("profile", ["libest", "rfc"])
def test_phones_that_enroll_together_each_get_their_own_certificate(
    running_ra: RunningRa, ca: ScriptedCa, profile: str
) -> None:
    phones = [make_phone(number) for number in range(300)]
    at_once = asyncio.Semaphore(64)

    async def one(client: EstClient, phone: Phone, number: int) -> None:
        async with at_once:
            reply = await client.enroll(phone[0], GOOD)
        assert reply.status == 200, reply.body
        [certificate] = pkcs7.load_der_pkcs7_certificates(base64.b64decode(reply.body))
        assert certificate.public_key() == phone[1]
        assert certificate.subject.rfc4514_string() == f"CN=SEP{number:012X}"

    async def scenario() -> None:
        async with running_ra(est=EstSettings(profile=profile)) as client:  # type: ignore[arg-type]
            await asyncio.gather(*(one(client, phone, n) for n, phone in enumerate(phones)))

    uvloop.run(scenario())
    assert len(ca.issued) == 300
