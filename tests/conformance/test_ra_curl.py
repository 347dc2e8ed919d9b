"""The RA and the CA behind it, used by curl and OpenSSL alone, each line as a newcomer would type it."""

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from testbed.lab import Endpoints, Lab
from testbed.settings import LabSettings

pytestmark = pytest.mark.skipif(
    not (shutil.which("curl") and shutil.which("openssl")), reason="curl or openssl is not installed"
)

CACERTS = """
curl -sS --fail --cacert "$ANCHOR" "$RA/cacerts" \\
  | openssl base64 -d | openssl pkcs7 -inform DER -print_certs -out ca.pem
"""
REQUEST = """
openssl req -new -newkey rsa:2048 -nodes -keyout phone.key -subj /CN=SEP74A02FC0A675 -outform DER \\
  | openssl base64 -out phone.b64
"""
ENROLL = """
curl -sS --fail --cacert "$ANCHOR" --user "$EST_USER:$EST_PASSWORD" \\
  -H 'Content-Type: application/pkcs10' --data-binary @phone.b64 "$RA/simpleenroll" \\
  | openssl base64 -d | openssl pkcs7 -inform DER -print_certs -out phone.pem
"""
VERIFY = "openssl verify -CAfile ca.pem phone.pem"

Shell = Callable[[str], str]


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoints]:
    directory = tmp_path_factory.mktemp("lab")
    with Lab(LabSettings(), directory, directory / "ca.db") as lab:
        yield lab.endpoints


@pytest.fixture
def shell(lab: Endpoints, tmp_path: Path) -> Shell:
    """Runs lines of shell in an empty directory; the output of the last, or a failure with what was said."""
    names = {
        "ANCHOR": lab.trust_anchor, "RA": lab.ra, "EST_USER": lab.est_user, "EST_PASSWORD": lab.est_password,
        "PATH": "/usr/local/bin:/usr/bin:/bin",
    }  # fmt: skip

    def run(lines: str) -> str:
        done = subprocess.run(
            ["bash", "-e", "-o", "pipefail", "-c", lines], cwd=tmp_path, env=names, check=False,
            capture_output=True, text=True, timeout=60,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    return run


def test_cacerts_gives_the_root_that_signs_everything(shell: Shell) -> None:
    shell(CACERTS)
    shown = "openssl x509 -noout -fingerprint -sha256 -in"
    assert shell(f"{shown} ca.pem") == shell(f'{shown} "$ANCHOR"')


def test_a_phone_enrolls_and_openssl_verifies_its_certificate(shell: Shell) -> None:
    shell(CACERTS + REQUEST + ENROLL)

    assert shell(VERIFY) == "phone.pem: OK"
    assert shell("openssl x509 -noout -subject -in phone.pem") == "subject=CN = SEP74A02FC0A675"
    assert shell("openssl x509 -noout -pubkey -in phone.pem") == shell("openssl pkey -pubout -in phone.key")


def test_an_elliptic_curve_phone_enrolls_too(shell: Shell) -> None:
    request = REQUEST.replace("rsa:2048", "ec -pkeyopt ec_paramgen_curve:P-256")
    shell(CACERTS + request + ENROLL)
    assert shell(VERIFY) == "phone.pem: OK"


def test_a_certificate_is_renewed_by_simplereenroll(shell: Shell) -> None:
    serial = "openssl x509 -noout -serial -in phone.pem"
    shell(CACERTS + REQUEST + ENROLL)
    first = shell(serial)
    shell(ENROLL.replace("simpleenroll", "simplereenroll"))
    assert shell(serial) != first
    assert shell(VERIFY) == "phone.pem: OK"


def test_pem_armour_is_accepted_as_libest_accepts_it(shell: Shell) -> None:
    shell(CACERTS + REQUEST.replace("-outform DER", "-outform PEM").replace("| openssl base64 -out", "| tee"))
    shell(ENROLL)
    assert shell(VERIFY) == "phone.pem: OK"


STATUS = "curl -sS -o /dev/null -w '%{http_code}' --cacert \"$ANCHOR\" "


def test_csrattrs_is_204(shell: Shell) -> None:
    assert shell(STATUS + '"$RA/csrattrs"') == "204"


def test_anyauth_finds_basic_after_the_challenge(shell: Shell) -> None:
    shell(REQUEST)
    login = '--anyauth --user "$EST_USER:$EST_PASSWORD" -H "Content-Type: application/pkcs10" '
    assert shell(STATUS + login + '--data-binary @phone.b64 "$RA/simpleenroll"') == "200"


def test_a_wrong_password_is_401(shell: Shell) -> None:
    shell(REQUEST)
    wrong = '--user "$EST_USER:wrong" -H "Content-Type: application/pkcs10" --data-binary @phone.b64 '
    assert shell(STATUS + wrong + '"$RA/simpleenroll"') == "401"


def test_tls_is_1_2_alone_as_libest_has_it(shell: Shell) -> None:
    assert shell(STATUS + '--tls-max 1.2 "$RA/cacerts"') == "200"
    assert shell(STATUS + '--tlsv1.3 "$RA/cacerts" 2>/dev/null || echo refused').endswith("refused")


def test_the_iis_log_of_one_enrollment_is_the_guides_seven_rows(shell: Shell, lab: Endpoints) -> None:
    def rows() -> list[list[str]]:
        lines = [
            line for log in sorted(Path(lab.logs).glob("u_ex*.log")) for line in log.read_text().splitlines()
        ]
        return [line.split() for line in lines if not line.startswith("#")]

    shell(REQUEST)
    before = len(rows())
    shell(ENROLL)
    new = rows()[before:]

    number = new[-1][5].split("=")[1].split("&")[0]
    account, referer = lab.account, f"{lab.ca}/certrqxt.asp"
    assert [(r[3], r[4], r[5], r[7], r[10], r[11], r[12], r[13]) for r in new] == [
        ("GET", "/certsrv", "-", "-", "-", "401", "1", "2148074254"),
        ("GET", "/certsrv", "-", account, "-", "301", "0", "0"),
        ("GET", "/certsrv/certrqxt.asp", "-", account, "-", "200", "0", "0"),
        ("GET", "/certsrv", "-", "-", "-", "401", "1", "2148074254"),
        ("GET", "/certsrv", "-", account, "-", "301", "0", "0"),
        ("POST", "/certsrv/certfnsh.asp", "-", account, referer, "200", "0", "0"),
        ("GET", "/certsrv/certnew.cer", f"ReqID={number}&ENC=b64", account, "-", "200", "0", "0"),
    ]
    assert {row[9] for row in new} == {"CiscoRA+1.0"}


def test_a_part_that_cannot_start_says_so_in_one_line(tmp_path: Path) -> None:
    launch = tmp_path / "launch.json"
    launch.write_text("{}")
    done = subprocess.run(
        [sys.executable, "-m", "testbed.ra", launch], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 1
    assert done.stdout.startswith('{"failed":"')
    assert done.stdout.count("\n") == 1
    assert "Traceback" not in done.stderr
