"""Every way to log in, and the TLS rules, by clients that others wrote: curl and OpenSSL's command line."""

import base64
import contextlib
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
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
ShellAt = Callable[..., Shell]
Labs = Callable[..., tuple[Endpoints, Path]]
"""Gives a lab's addresses and the directory of its logs."""


@pytest.fixture(scope="module")
def labs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Labs]:
    """Labs whose RAs have these EST settings; tests with the same settings get the same lab."""
    running: dict[EstSettings, tuple[Endpoints, Path]] = {}
    with contextlib.ExitStack() as owned:

        def lab_with(**est: object) -> tuple[Endpoints, Path]:
            settings = EstSettings(**est)  # type: ignore[arg-type]
            if settings not in running:
                logs = tmp_path_factory.mktemp("lab")
                lab = Lab(LabSettings(ra=RaSettings(est=settings)), logs, logs.with_suffix(".db"))
                running[settings] = owned.enter_context(lab).endpoints, logs
            return running[settings]

        yield lab_with


@pytest.fixture
def shell_at(labs: Labs, tmp_path: Path) -> ShellAt:
    """A shell to type lines into, with the addresses of a lab whose RA has these EST settings."""

    def shell_at_lab_with(**est: object) -> Shell:
        endpoints, _ = labs(**est)
        return lambda lines: _shell(endpoints, tmp_path, lines)

    return shell_at_lab_with


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
def test_curl_enrolls_with_each_way_to_log_in(
    shell_at: ShellAt, profile: str, mode: str, option: str
) -> None:
    shell = shell_at(profile=profile, authentication=mode)
    shell(REQUEST)
    assert shell(f"{STATUS} {option} {LOGIN} {POST} $RA/simpleenroll") == "200"
    assert shell(f"{STATUS} {option} --user $EST_USER:wrong {POST} $RA/simpleenroll") == "401"


def test_curl_renews_with_its_lsc_and_openssl_verifies_both(shell_at: ShellAt) -> None:
    certificate = "--cert phone.pem --key phone.key"
    shell = shell_at(authentication="certificate_or_basic")
    shell(REQUEST)
    assert shell(f"{STATUS} {POST} $RA/simpleenroll") == "401"
    shell(f"{CURL} {LOGIN} {POST} $RA/simpleenroll | {DECODE} -out phone.pem")
    shell(f"{CURL} {certificate} {POST} $RA/simplereenroll | {DECODE} -out renewed.pem")
    assert shell("openssl verify -CAfile $ANCHOR phone.pem renewed.pem") == "phone.pem: OK\nrenewed.pem: OK"
    serials = [shell(f"openssl x509 -noout -serial -in {name}.pem") for name in ("phone", "renewed")]
    assert serials[0] != serials[1]


def test_curl_generates_a_key_at_the_server(shell_at: ShellAt, tmp_path: Path) -> None:
    shell = shell_at()
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
def test_no_password_is_in_any_log_or_metric_of_the_lab(labs: Labs, tmp_path: Path, mode: str) -> None:
    end, logs = labs(profile="libest", authentication=mode)
    _shell(end, tmp_path, REQUEST)
    assert _shell(end, tmp_path, f"{STATUS} --anyauth {LOGIN} {POST} $RA/simpleenroll") == "200"
    shown = [_shell(end, tmp_path, f"curl -sS --max-time 20 {url}") for url in end.metrics.values()]
    basic = base64.b64encode(f"{end.est_user}:{end.est_password}".encode()).decode()
    written = "".join([*shown, *(path.read_text() for path in logs.rglob("*") if path.is_file())])
    assert "estorm_ra_requests_total" in written
    assert "simpleenroll" in written
    assert [secret for secret in (end.password, end.est_password, basic) if secret in written] == []


def test_openssl_reads_the_attributes(shell_at: ShellAt) -> None:
    shell = shell_at(profile="rfc", attributes=(CsrAttribute("1.2.840.113549.1.9.7"),))
    shown = shell(f"{CURL} $RA/csrattrs | openssl base64 -d -A | openssl asn1parse -inform DER")
    assert "OBJECT            :challengePassword" in shown


def test_a_pending_request_is_issued_once_the_manager_approves(tmp_path: Path) -> None:
    waiting = CaSettings(templates=(TemplateSettings(approval=True),))
    ra = RaSettings(est=EstSettings(profile="rfc", pending=PendingSettings(retry_after_seconds=60)))
    enroll = f"{CURL} -D headers {LOGIN} {POST} $RA/simpleenroll"
    with Lab(LabSettings(ca=waiting, ra=ra), tmp_path, tmp_path / "ca.db") as lab:

        def shell(lines: str) -> str:
            return _shell(lab.endpoints, tmp_path, lines)

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
def test_s_client_finds_the_tls_versions(shell_at: ShellAt, profile: str, served: set[str]) -> None:
    shell, found = shell_at(profile=profile), set()
    for version in ("1", "1_1", "1_2", "1_3"):
        # Security level 0 lets OpenSSL offer TLS 1.0 and 1.1 at all.
        said = shell(f"{CONNECT} -tls{version} -cipher DEFAULT:@SECLEVEL=0".replace("</dev/null 2>&1", "")
                     + " </dev/null 2>&1")  # fmt: skip
        if "Verify return code: 0 (ok)" in said and "Cipher is (NONE)" not in said:
            found.add(version)
    assert found == served


def test_s_client_gets_no_session_ticket_from_libest_and_resumes_by_id(
    shell_at: ShellAt,
) -> None:
    shell = shell_at()
    first = shell(f"{CONNECT} -sess_out session".replace("</dev/null 2>&1", "") + " </dev/null 2>&1")
    assert "TLS session ticket:" not in first
    again = shell("openssl s_client -connect $RA_HOST -CAfile $ANCHOR -sess_in session </dev/null 2>&1")
    assert "Reused, TLSv1.2" in again


def test_s_client_is_asked_for_a_certificate_of_the_labs_ca(shell_at: ShellAt) -> None:
    shell = shell_at()
    assert "Acceptable client certificate CA names" not in shell(CONNECT)
    assert "Requested Signature Algorithms" in shell(CONNECT)


def test_s_client_cannot_renegotiate(shell_at: ShellAt) -> None:
    said = shell_at()(
        "(sleep 0.5; echo R; sleep 1) | openssl s_client -connect $RA_HOST -CAfile $ANCHOR 2>&1"
    )
    assert "RENEGOTIATING" in said
    assert "no renegotiation" in said or "handshake failure" in said
