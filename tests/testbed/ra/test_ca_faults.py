"""Every row of the guide's failure table and of libEST's fault table, with real faults at the CA's end.

Each ends in its curl text, its `***EST` lines, its EST status, and its own label in the metrics.
"""

import asyncio
import contextlib
import datetime as dt
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import uvloop
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from msgspec.structs import replace

from testbed.errors import PartFailed
from testbed.pki import Identity, LabPki, make_lab_pki, write_identity
from testbed.ra.certsrv.settings import RaResolver, RaTimers
from testbed.ra.process import running
from testbed.settings import RaPartSettings
from testbed.web.messages import Limits, Reply, Request, Response
from tests.testbed.ra.conftest import EstClient, RunningRa
from tests.testbed.ra.dns_server import GOOD as RESOLVED
from tests.testbed.ra.dns_server import SILENT, UNKNOWN, dns_server
from tests.testbed.ra.est_requests import GOOD, always, metrics, silent
from tests.testbed.ra.guide import excerpt, generals
from tests.testbed.ra.scripted_ca import PAGE, Answer, ScriptedCa

MakeSettings = Callable[..., RaPartSettings]
DAY = dt.timedelta(days=1)
SOON = RaTimers(
    connect_seconds=0.3, login_seconds=0.3, form_seconds=0.3, submit_seconds=0.3, download_seconds=0.3
)


def ca_identity(
    pki: LabPki,
    directory: Path,
    *,
    begins: dt.timedelta = -DAY,
    ends: dt.timedelta = DAY,
    signed: bool = True,
) -> Identity:
    """A certificate of the CA's web server, valid from and until so long from now, by the lab's root."""
    ca = ScriptedCa(pki)
    key, now = ec.generate_private_key(ec.SECP256R1()), dt.datetime.now(dt.UTC)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(ca.root.subject if signed else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + begins)
        .not_valid_after(now + ends)
        .sign(ca.key if signed else key, hashes.SHA256())
    )
    return write_identity(directory, "ca", key, certificate)


def start_lines(ca: ScriptedCa, settings: MakeSettings, directory: Path, identity: Identity) -> list[str]:
    """The error log of an RA that does not start."""

    async def scenario() -> None:
        async with ca.running(identity) as port, running(settings(port)):
            pytest.fail("the RA has started")

    with pytest.raises(PartFailed):
        uvloop.run(scenario())
    return (directory / "nginx_error.log").read_text().splitlines()


def test_a_clock_that_is_behind_is_the_guides_not_yet_valid(
    pki: LabPki, ca: ScriptedCa, ra_settings: MakeSettings, tmp_path: Path
) -> None:
    identity = ca_identity(pki, tmp_path, begins=DAY, ends=2 * DAY)
    lines = start_lines(ca, ra_settings, tmp_path, identity)
    assert generals(lines) == generals(excerpt("nginx: [warn] login_to", "certificate is not yet valid"))


def test_a_clock_that_is_ahead_is_a_certificate_that_has_expired(
    pki: LabPki, ca: ScriptedCa, ra_settings: MakeSettings, tmp_path: Path
) -> None:
    identity = ca_identity(pki, tmp_path, begins=-2 * DAY, ends=-DAY)
    lines = start_lines(ca, ra_settings, tmp_path, identity)
    assert "code 60 (SSL certificate problem: certificate has expired)" in lines[0]


def test_a_self_signed_certificate_on_iis_is_the_guides_line(
    pki: LabPki, ca: ScriptedCa, ra_settings: MakeSettings, tmp_path: Path
) -> None:
    lines = start_lines(ca, ra_settings, tmp_path, ca_identity(pki, tmp_path, signed=False))
    guide = excerpt("nginx: [warn] login_to", "unable to get local issuer certificate")
    assert generals(lines) == generals(guide)


def test_a_name_the_dns_server_does_not_know_is_the_guides_curl_6(
    ra_settings: MakeSettings, tmp_path: Path
) -> None:
    async def scenario(server: str) -> None:
        made = ra_settings(443, ca_host=UNKNOWN, resolver=RaResolver(server=server))
        async with running(replace(made, ca_address=None)):
            pytest.fail("the RA has started")

    with dns_server() as dns, pytest.raises(PartFailed, match=r"curl 6 \(Could not resolve: lab-dcc\.estorm"):
        uvloop.run(scenario(dns.address))
    lines = (tmp_path / "nginx_error.log").read_text().replace(UNKNOWN, "lab-dcc.michamen.com").splitlines()
    guide = excerpt("nginx: [warn] CA Chain requested", "return code 6")
    assert generals(lines) == generals(guide)[2:]


@contextlib.asynccontextmanager
async def named_ca(
    ca: ScriptedCa, pki: LabPki, settings: MakeSettings, server: str, directory: Path, **ra: object
) -> AsyncIterator[EstClient]:
    """An RA that knows its CA by a name which the DNS server at `server` resolves."""
    key = ec.generate_private_key(ec.SECP256R1())
    names = x509.SubjectAlternativeName([x509.DNSName("*.estorm.test")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, RESOLVED)]))
        .issuer_name(ca.root.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - DAY)
        .not_valid_after(now + DAY)
        .add_extension(names, critical=False)
        .sign(ca.key, hashes.SHA256())
    )
    identity = write_identity(directory, "named", key, certificate)
    async with ca.running(identity) as port:
        made = settings(port, ca_host=RESOLVED, resolver=RaResolver(server=server, seconds=0.3), **ra)
        async with running(replace(made, ca_address=None)) as addresses:
            yield EstClient(addresses["est"], addresses["metrics"], pki)


def test_a_ca_with_a_name_is_asked_for_at_each_connection(
    pki: LabPki, ca: ScriptedCa, ra_settings: MakeSettings, csr_lines: bytes, tmp_path: Path
) -> None:
    async def scenario(server: str) -> None:
        async with named_ca(ca, pki, ra_settings, server, tmp_path) as client:
            assert (await client.enroll(csr_lines, GOOD)).status == 200

    with dns_server() as dns:
        uvloop.run(scenario(dns.address))
        assert dns.asked == [RESOLVED] * 3


def test_a_dns_server_that_falls_silent_while_serving_is_401_and_counted_as_curl_6(
    pki: LabPki, ca: ScriptedCa, ra_settings: MakeSettings, csr_lines: bytes, tmp_path: Path
) -> None:
    async def scenario(server: str, fall_silent: Callable[[], None]) -> None:
        async with named_ca(ca, pki, ra_settings, server, tmp_path) as client:
            fall_silent()
            assert (await client.enroll(csr_lines, GOOD)).status == 401
            assert (await metrics(client))['estorm_ra_failures_total{cause="curl_6",stage="login"}'] == 1

    with dns_server() as dns:
        uvloop.run(scenario(dns.address, lambda: dns.silent_names.add(RESOLVED)))
    log = (tmp_path / "nginx_error.log").read_text()
    assert f"code 6 (Could not resolve: {RESOLVED} (Timeout while contacting DNS servers))" in log
    assert SILENT not in log


class Trouble:
    """One enrollment against a CA in trouble: what the client got, what was counted and logged."""

    def __init__(self, running_ra: RunningRa, directory: Path) -> None:
        self._running_ra, self._directory = running_ra, directory
        self.counted: dict[str, float] = {}

    def enroll(self, body: bytes, prepare: Callable[[], None], **ra: object) -> Reply:
        async def scenario() -> Reply:
            async with self._running_ra(**ra) as client:
                prepare()
                reply = await client.enroll(body, GOOD)
                self.counted = await metrics(client)
                return reply

        return uvloop.run(scenario())

    def failures(self) -> dict[str, float]:
        name = "estorm_ra_failures_total"
        found = {key.removeprefix(name): count for key, count in self.counted.items() if key.startswith(name)}
        return {key: count for key, count in found.items() if count}

    def log(self) -> str:
        return (self._directory / "nginx_error.log").read_text()


@pytest.fixture
def trouble(running_ra: RunningRa, tmp_path: Path) -> Trouble:
    return Trouble(running_ra, tmp_path)


@pytest.fixture
def trouble_at(trouble: Trouble, ca: ScriptedCa, csr_lines: bytes) -> tuple[Trouble, ScriptedCa, bytes]:
    return trouble, ca, csr_lines


RESET, CUT = Response(200, reset=True), Response(200, PAGE, b"x" * 50, cut_bytes=20)
SUBMIT, DOWNLOAD = "/certsrv/certfnsh.asp", "/certsrv/certnew.cer"


@pytest.mark.parametrize(
    ("answer", "cause", "text", "ending"),
    [
        (silent, "curl_28", "code 28 (Operation timed out after", (504, "35 (EST_ERR_SSL_READ)")),
        (always(RESET), "curl_56", "code 56 (", (504, "43 (EST_ERR_IP_CONNECT)")),
        (always(CUT), "curl_18", "30 bytes remaining to read", (502, "11 (EST_ERR_HTTP_UNSUPPORTED)")),
        (always(Response(400, PAGE)), "http_400", "HTTP status 400", (400, "13 (EST_ERR_HTTP_BAD_REQ)")),
        (always(Response(401, PAGE)), "http_401", "HTTP status 401", (401, "22 (EST_ERR_AUTH_FAIL)")),
        (always(Response(403, PAGE)), "http_403", "HTTP status 403", (502, "11 (EST_ERR_HTTP_UNSUPPORTED)")),
        (always(Response(404, PAGE)), "http_404", "HTTP status 404", (404, "14 (EST_ERR_HTTP_NOT_FOUND)")),
        (always(Response(429, PAGE)), "http_429", "HTTP status 429", (502, "11 (EST_ERR_HTTP_UNSUPPORTED)")),
        (always(Response(500, PAGE)), "http_500", "HTTP status 500", (502, "11 (EST_ERR_HTTP_UNSUPPORTED)")),
        (always(Response(503, PAGE)), "http_503", "HTTP status 503", (502, "11 (EST_ERR_HTTP_UNSUPPORTED)")),
        (always(Response(200, PAGE)), "no_request_id", "no ReqID", (500, "25 (EST_ERR_CA_ENROLL_FAIL)")),
        (
            always(Response(200, PAGE, b"<P ID=locDenied>")),
            "denied", "certificate request denied", (500, "25 (EST_ERR_CA_ENROLL_FAIL)"),
        ),
    ],
)  # fmt: skip
def test_each_fault_at_the_submission_has_its_status_its_lines_and_its_label(
    trouble_at: tuple[Trouble, ScriptedCa, bytes],
    answer: Answer,
    cause: str,
    text: str,
    ending: tuple[int, str],
) -> None:
    trouble, ca, csr_lines = trouble_at
    status, error = ending
    reply = trouble.enroll(csr_lines, lambda: ca.answers.update({SUBMIT: answer}), timers=SOON)
    assert (reply.status, reply.body[:10]) == (status, f"Error {status}:".encode())
    assert trouble.failures() == {f'{{cause="{cause}",stage="submit"}}': 1}
    log = trouble.log()
    assert text in log
    assert f"***EST [WARNING][est_http_request:1435]--> Enrollment failed with rc={error}" in log
    assert f"***EST [ERROR][est_mg_handler:1234]--> EST error response code: {error}" in log
    assert f"***EST [INFO][mg_send_http_error:389]--> [Error {status}: " in log


def test_a_ca_that_refuses_the_second_connection_is_504(
    trouble: Trouble, ca: ScriptedCa, csr_lines: bytes
) -> None:
    async def close_the_door(request: Request) -> Response:
        ca.stop_listening()
        return await ca.usual(request)

    reply = trouble.enroll(csr_lines, lambda: ca.answers.update({"/certsrv/certrqxt.asp": close_the_door}))
    assert reply.status == 504
    assert trouble.failures() == {'{cause="curl_7",stage="login"}': 1}
    assert "Enrollment failed with rc=43 (EST_ERR_IP_CONNECT)" in trouble.log()


def test_a_ca_that_closes_without_a_word_is_404(trouble: Trouble, ca: ScriptedCa, csr_lines: bytes) -> None:
    ca.limits = Limits(body_bytes=10)  # the submission is longer: the scripted CA closes, and says nothing
    reply = trouble.enroll(csr_lines, lambda: None)
    assert reply.status == 404
    assert trouble.failures() == {'{cause="curl_52",stage="submit"}': 1}
    log = trouble.log()
    assert "code 52 (Empty reply from server)" in log
    assert "Enrollment failed with rc=14 (EST_ERR_HTTP_NOT_FOUND)" in log


def test_a_ca_that_shows_an_unknown_issuers_certificate_on_the_second_connection_is_502(
    trouble: Trouble, ca: ScriptedCa, csr_lines: bytes, tmp_path: Path
) -> None:
    (tmp_path / "other").mkdir()
    stranger = make_lab_pki(tmp_path / "other", "STRANGER", "127.0.0.1", dt.datetime.now(dt.UTC))

    async def change_the_certificate(request: Request) -> Response:
        ca.present(stranger.ca_server)
        return await ca.usual(request)

    answers = {"/certsrv/certrqxt.asp": change_the_certificate}
    reply = trouble.enroll(csr_lines, lambda: ca.answers.update(answers))
    assert reply.status == 502
    assert trouble.failures() == {'{cause="curl_60",stage="login"}': 1}
    log = trouble.log()
    assert "code 60 (SSL certificate problem: unable to get local issuer certificate)" in log
    assert "Enrollment failed with rc=38 (EST_ERR_SSL_CONNECT)" in log


@pytest.mark.parametrize(("path", "stage"), [("/certsrv", "login"), ("/certsrv/certrqxt.asp", "form")])
def test_a_ca_that_is_silent_during_the_authentication_is_401(
    trouble: Trouble, ca: ScriptedCa, csr_lines: bytes, path: str, stage: str
) -> None:
    reply = trouble.enroll(csr_lines, lambda: ca.answers.update({path: silent}), timers=SOON)
    assert reply.status == 401
    assert trouble.failures() == {f'{{cause="curl_28",stage="{stage}"}}': 1}
    assert "Enrollment failed with rc=22 (EST_ERR_AUTH_FAIL)" in trouble.log()


@pytest.mark.parametrize("body", [b"", b"garbage", b"-----BEGIN CERTIFICATE-----\nAAAA"])
def test_garbage_from_the_ca_reaches_a_phone_only_where_the_switch_says_so(
    trouble: Trouble, ca: ScriptedCa, csr_lines: bytes, body: bytes
) -> None:
    def prepare() -> None:
        ca.answers[DOWNLOAD] = always(Response(200, PAGE, body))

    assert trouble.enroll(csr_lines, prepare).status == 500
    assert trouble.failures() == {'{cause="no_certificate",stage="download"}': 1}
    assert trouble.enroll(csr_lines, prepare, pass_unchecked_certificates=True).status == 200
    assert trouble.failures() == {}


def test_the_timer_of_the_whole_enrollment_ends_it_in_any_stage(
    trouble: Trouble, ca: ScriptedCa, csr_lines: bytes
) -> None:
    def late(seconds: float) -> Answer:
        async def answer(request: Request) -> Response:
            await asyncio.sleep(seconds)
            return await ca.usual(request)

        return answer

    # Each stage alone is well within the time, login, form and submission together are not.
    stages = {"/certsrv": late(0.3), "/certsrv/certrqxt.asp": late(0.3), SUBMIT: late(2.5)}
    timers = replace(RaTimers(), total_seconds=3.0)
    reply = trouble.enroll(csr_lines, lambda: ca.answers.update(stages), timers=timers)
    assert reply.status == 504
    assert trouble.failures() == {'{cause="total_timer",stage="submit"}': 1}
