"""Whatever the CA answers, the RA goes on, and a phone gets its own certificate or none."""

import asyncio
import base64
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
import uvloop
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from testbed.ra.certsrv.settings import RaConnections, RaTimers
from testbed.web.messages import Request, Response
from tests.testbed.ra.conftest import EstClient, RunningRa
from tests.testbed.ra.est_clients import NAME
from tests.testbed.ra.est_requests import GOOD, always
from tests.testbed.ra.scripted_ca import ScriptedCa
from tests.testbed.ra.test_front_fuzz import Phone, make_phone

PAGES = ("/certsrv", "/certsrv/certrqxt.asp", "/certsrv/certfnsh.asp", "/certsrv/certnew.cer")
STATUSES = {200, 202, 204, 400, 401, 404, 500, 502, 504}
SHORT = RaTimers(0.4, 0.4, 0.4, 0.4, 0.4)
TEXT = st.text(st.characters(codec="latin-1", exclude_characters="\r\n\0"), max_size=30)
HEADERS = st.lists(
    st.one_of(
        st.tuples(TEXT, TEXT),
        st.tuples(st.just("WWW-Authenticate"), st.one_of(TEXT, TEXT.map("NTLM ".__add__))),
        st.tuples(st.just("Content-Length"), st.sampled_from(["0", "-1", "x", "99999999999999999999"])),
        st.tuples(st.just("Transfer-Encoding"), st.sampled_from(["chunked", "gzip", "x"])),
        st.tuples(st.just("Content-Encoding"), st.sampled_from(["gzip", "br"])),
        st.tuples(st.just("Connection"), st.sampled_from(["close", "upgrade", ""])),
        st.tuples(st.just("Location"), TEXT),
    ),
    max_size=5,
).map(tuple)
WORDS = st.sampled_from(
    [b'<A Href="certnew.cer?ReqID=', b"&amp;Enc=bin", b"0", b"-7", b"99999999999999999999", b'">',
     b"\xff\0", b"Certificate Pending", b"Your Request Id is ", b"Denied",
     b"Disposition message:</B></TD><TD>",
     b"<Select Name=lbCertTemplate>", b'<Option Value="O;CiscoRA;', b"-----BEGIN CERTIFICATE-----\r\n",
     b"-----END CERTIFICATE-----", b"AAAA", b"</TD>"]
)  # fmt: skip
BODIES = st.one_of(st.binary(max_size=200), st.lists(WORDS, max_size=12).map(b"".join))
ANSWERS = st.builds(
    Response,
    st.sampled_from([100, 200, 204, 206, 301, 304, 400, 401, 403, 404, 429, 500, 503, 511]),
    HEADERS, BODIES, cut_bytes=st.one_of(st.none(), st.integers(0, 120)),
)  # fmt: skip


@dataclass(repr=False)
class Bench:
    """The RA while it serves, the loop it runs in, its CA, and two phones."""

    runner: asyncio.Runner
    client: EstClient
    ca: ScriptedCa
    victim: Phone
    other: Phone

    def enroll_against(self, page: str, answer: Response) -> None:
        self.runner.run(self._enroll_against(page, answer))

    async def _enroll_against(self, page: str, answer: Response) -> None:
        self.ca.answers = {page: always(answer)}
        await self._enroll(self.victim)
        self.ca.answers = {}
        assert await self._enroll(self.other) == 200

    async def _enroll(self, phone: Phone) -> int:
        """The status of the answer, which is the phone's own certificate where it is 200."""
        reply = await self.client.enroll(phone[0], GOOD)
        assert reply.status in STATUSES
        if reply.status == 200:
            [certificate] = pkcs7.load_der_pkcs7_certificates(base64.b64decode(reply.body))
            assert certificate.public_key() == phone[1]
        return reply.status


@pytest.fixture(scope="module")
def phones() -> tuple[Phone, Phone]:
    return make_phone(1), make_phone(2)


@pytest.fixture(params=["two connections an enrollment", "kept connections"])
def bench(
    request: pytest.FixtureRequest, running_ra: RunningRa, ca: ScriptedCa, phones: tuple[Phone, Phone]
) -> Iterator[Bench]:
    kept = request.param == "kept connections"
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        ra = running_ra(timers=SHORT, connections=RaConnections(reuse_connections=kept))
        client = runner.run(ra.__aenter__())
        try:
            yield Bench(runner, client, ca, *phones)
        finally:
            runner.run(ra.__aexit__(None, None, None))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(page=st.sampled_from(PAGES), answer=ANSWERS)
@example(page=PAGES[3], answer=Response(200, (), b""))
def test_no_answer_of_the_ca_stops_the_ra_or_touches_the_next_phone(
    bench: Bench, page: str, answer: Response
) -> None:
    bench.enroll_against(page, answer)


def der_of(ca: ScriptedCa, phone: Phone) -> bytes:
    key = phone[1]
    assert isinstance(key, ec.EllipticCurvePublicKey)
    return ca.sign(key, NAME).public_bytes(Encoding.DER)


@pytest.fixture
def signed(bench: Bench) -> bytes:
    """The victim's certificate: the same in all examples, as another may have another length."""
    return der_of(bench.ca, bench.victim)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_certificate_but_the_phones_own_and_whole_reaches_it(
    bench: Bench, signed: bytes, data: st.DataObject
) -> None:
    der = bytearray(signed)
    at = data.draw(st.integers(0, len(der) - 1), label="at")
    der[at] ^= data.draw(st.integers(1, 255), label="bits")
    pem = b"-----BEGIN CERTIFICATE-----\n" + base64.encodebytes(der) + b"-----END CERTIFICATE-----\n"
    body = data.draw(st.sampled_from([pem, bytes(der), pem + pem, pem[: at + 30]]), label="body")
    bench.enroll_against(PAGES[3], Response(200, (), body))


def test_another_phones_certificate_is_refused(bench: Bench) -> None:
    async def scenario() -> int:
        other = x509.load_der_x509_certificate(der_of(bench.ca, bench.other))

        async def wrong(_: Request) -> Response:
            return Response(200, (), other.public_bytes(Encoding.PEM))

        bench.ca.answers = {PAGES[3]: wrong}
        return (await bench.client.enroll(bench.victim[0], GOOD)).status

    assert bench.runner.run(scenario()) == 500
