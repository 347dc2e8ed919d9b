"""Every way to log in, and the TLS rules, by clients that others wrote: curl and OpenSSL's command line."""

import base64
import contextlib
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from testbed.ca.database import open_existing
from testbed.ca.officer import approve
from testbed.ca.settings import CaSettings, TemplateSettings
from testbed.errors import DatabaseError
from testbed.lab import Endpoints, Lab
from testbed.ra.est.settings import CsrAttribute, EstSettings, PendingSettings
from testbed.ra.settings import RaSettings
from testbed.settings import LabSettings

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(
        not (shutil.which("curl") and shutil.which("openssl")), reason="curl or openssl is not installed"
    ),
]
REQUEST = """
openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout phone.key \\
  -subj /CN=SEP74A02FC0A675 -outform DER 2>/dev/null | openssl base64 -out phone.b64
"""
POST = "-H 'Content-Type: application/pkcs10' --data-binary @phone.b64"
CURL = "curl -sS --max-time 20 --cacert $ANCHOR"
STATUS = CURL + " -o /dev/null -w '%{http_code}'"
LOGIN = "--user $EST_USER:$EST_PASSWORD"
DECODE = "openssl base64 -d | openssl pkcs7 -inform DER -print_certs"
CONNECT = "openssl s_client -connect ${RA_HOST} -CAfile $ANCHOR </dev/null 2>&1"

Shell = Callable[[str], str]
Running = Callable[..., AbstractContextManager[Shell]]


@pytest.fixture
def lab(tmp_path: Path) -> Running:
    """A lab whose RA has these EST settings; gives a shell to type lines into, with the lab's addresses."""

    @contextlib.contextmanager
    def run(ca: CaSettings | None = None, **est: object) -> Iterator[Shell]:
        ra = RaSettings(est=EstSettings(**est))  # type: ignore[arg-type]
        with Lab(LabSettings(ca=ca or CaSettings(), ra=ra), tmp_path, tmp_path / "ca.db") as running:
            yield lambda lines: _shell(running.endpoints, tmp_path, lines)

    return run


def _shell(lab: Endpoints, directory: Path, lines: str) -> str:
    names = {
        "ANCHOR": lab.trust_anchor, "RA": lab.ra, "RA_HOST": lab.ra.split("/")[2], "EST_USER": lab.est_user,
        "EST_PASSWORD": lab.est_password, "DATABASE": lab.database, "PATH": "/usr/local/bin:/usr/bin:/bin",
    }  # fmt: skip
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", lines], cwd=directory, env=names, check=False,
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    return done.stdout.strip() or done.stderr.strip()


@pytest.mark.parametrize("profile", ["libest", "rfc"])
@pytest.mark.parametrize(
    ("mode", "option"),
    [("basic", "--basic"), ("basic", "--anyauth"), ("digest", "--digest"), ("digest", "--anyauth")],
)
def test_curl_enrolls_with_each_way_to_log_in(lab: Running, profile: str, mode: str, option: str) -> None:
    with lab(profile=profile, authentication=mode) as shell:
        shell(REQUEST)
        assert shell(f"{STATUS} {option} {LOGIN} {POST} $RA/simpleenroll") == "200"
        assert shell(f"{STATUS} {option} --user $EST_USER:wrong {POST} $RA/simpleenroll") == "401"


def test_curl_renews_with_its_lsc_and_openssl_verifies_both(lab: Running) -> None:
    certificate = "--cert phone.pem --key phone.key"
    with lab(authentication="certificate_or_basic") as shell:
        shell(REQUEST)
        assert shell(f"{STATUS} {POST} $RA/simpleenroll") == "401"
        shell(f"{CURL} {LOGIN} {POST} $RA/simpleenroll | {DECODE} -out phone.pem")
        shell(f"{CURL} {certificate} {POST} $RA/simplereenroll | {DECODE} -out renewed.pem")
        assert (
            shell("openssl verify -CAfile $ANCHOR phone.pem renewed.pem") == "phone.pem: OK\nrenewed.pem: OK"
        )
        serials = [shell(f"openssl x509 -noout -serial -in {name}.pem") for name in ("phone", "renewed")]
        assert serials[0] != serials[1]


def test_curl_generates_a_key_at_the_server(lab: Running, tmp_path: Path) -> None:
    with lab() as shell:
        shell(REQUEST)
        shell(f"{CURL} {LOGIN} {POST} -o answer $RA/serverkeygen")
        first, second = (tmp_path / "answer").read_bytes().split(b"--est-server-boundary\r\n")[1:]
        for name, part in (("key", first), ("certificate", second)):
            body = part.split(b"\r\n\r\n", 1)[1].split(b"--est", maxsplit=1)[0]
            (tmp_path / f"{name}.der").write_bytes(base64.b64decode(body))
        shell("openssl pkcs7 -inform DER -in certificate.der -print_certs -out made.pem")
        key = shell("openssl pkey -inform DER -in key.der -pubout")
        assert "PUBLIC KEY" in key
        assert shell("openssl x509 -noout -pubkey -in made.pem") == key
        assert shell("openssl verify -CAfile $ANCHOR made.pem") == "made.pem: OK"


@pytest.mark.parametrize("mode", ["basic", "digest"])
def test_no_password_is_in_any_log_or_metric_of_the_lab(tmp_path: Path, mode: str) -> None:
    logs = tmp_path / "logs"
    logs.mkdir()
    ra = RaSettings(est=EstSettings(authentication=mode))  # type: ignore[arg-type]
    with Lab(LabSettings(ra=ra), logs, tmp_path / "ca.db") as running:
        end = running.endpoints
        _shell(end, tmp_path, REQUEST)
        assert _shell(end, tmp_path, f"{STATUS} --anyauth {LOGIN} {POST} $RA/simpleenroll") == "200"
        shown = [_shell(end, tmp_path, f"curl -sS --max-time 20 {url}") for url in end.metrics.values()]
        basic = base64.b64encode(f"{end.est_user}:{end.est_password}".encode()).decode()
    written = "".join([*shown, *(path.read_text() for path in logs.rglob("*") if path.is_file())])
    assert "estorm_ra_requests_total" in written
    assert "simpleenroll" in written
    assert [secret for secret in (end.password, end.est_password, basic) if secret in written] == []


def test_openssl_reads_the_attributes(lab: Running) -> None:
    with lab(profile="rfc", attributes=(CsrAttribute("1.2.840.113549.1.9.7"),)) as shell:
        shown = shell(f"{CURL} $RA/csrattrs | openssl base64 -d -A | openssl asn1parse -inform DER")
        assert "OBJECT            :challengePassword" in shown


def test_a_pending_request_is_issued_once_the_manager_approves(lab: Running, tmp_path: Path) -> None:
    waiting = CaSettings(templates=(TemplateSettings(approval=True),))
    enroll = f"{CURL} -D headers {LOGIN} {POST} $RA/simpleenroll"
    with lab(waiting, profile="rfc", pending=PendingSettings(retry_after_seconds=60)) as shell:
        shell(REQUEST)
        shell(enroll)
        head = (tmp_path / "headers").read_text()
        assert head.startswith("HTTP/1.1 202 ")
        assert "Retry-After: 60\r\n" not in head  # read_text folds line ends
        assert "Retry-After: 60\n" in head
        _approve_first(tmp_path / "ca.db")
        shell(f"{enroll} | {DECODE} -out phone.pem")
        assert shell("openssl verify -CAfile $ANCHOR phone.pem") == "phone.pem: OK"


def _approve_first(database: Path) -> None:
    """What `estorm ca approve` does, once the CA has stored the request."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        with open_existing(database, read_only=False) as connection, contextlib.suppress(DatabaseError):
            approve(connection, 1)
            return
        time.sleep(0.01)
    raise AssertionError("the CA has not stored the request")


@pytest.mark.parametrize(("profile", "served"), [("libest", {"1_2"}), ("rfc", {"1_2", "1_3"})])
def test_s_client_finds_the_tls_versions(lab: Running, profile: str, served: set[str]) -> None:
    with lab(profile=profile) as shell:
        found = set()
        for version in ("1", "1_1", "1_2", "1_3"):
            # Security level 0 lets OpenSSL offer TLS 1.0 and 1.1 at all.
            said = shell(f"{CONNECT} -tls{version} -cipher DEFAULT:@SECLEVEL=0".replace("</dev/null 2>&1", "")
                         + " </dev/null 2>&1")  # fmt: skip
            if "Verify return code: 0 (ok)" in said and "Cipher is (NONE)" not in said:
                found.add(version)
        assert found == served


def test_s_client_gets_no_session_ticket_from_libest_and_resumes_by_id(lab: Running) -> None:
    with lab() as shell:
        first = shell(f"{CONNECT} -sess_out session".replace("</dev/null 2>&1", "") + " </dev/null 2>&1")
        assert "TLS session ticket:" not in first
        again = shell("openssl s_client -connect $RA_HOST -CAfile $ANCHOR -sess_in session </dev/null 2>&1")
        assert "Reused, TLSv1.2" in again


def test_s_client_is_asked_for_a_certificate_of_the_labs_ca(lab: Running) -> None:
    with lab() as shell:
        assert "Acceptable client certificate CA names" not in shell(CONNECT)
        assert "Requested Signature Algorithms" in shell(CONNECT)


def test_s_client_cannot_renegotiate(lab: Running) -> None:
    with lab() as shell:
        said = shell("(sleep 0.5; echo R; sleep 1) | openssl s_client -connect $RA_HOST -CAfile $ANCHOR 2>&1")
        assert "RENEGOTIATING" in said
        assert "no renegotiation" in said or "handshake failure" in said
