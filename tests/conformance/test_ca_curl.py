"""Stock curl, driven as the vendor's RA drives it."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import pkcs7

from tests.mock_ca import PASSWORD, MockCa, csr_pem, make_csr, mock_ca

pytestmark = pytest.mark.skipif(not shutil.which("curl"), reason="curl is not installed")

NO_CREDENTIALS = "2148074254"
REFERER = "https://{authority}/certsrv/certrqxt.asp"


@pytest.fixture
def ca(tmp_path: Path) -> Iterator[MockCa]:
    with mock_ca(tmp_path) as running:
        yield running


def curl(ca: MockCa, *arguments: str, user: str | None = None, scheme: str = "--ntlm") -> bytes:
    common = [
        "-sS", "--fail-with-body", "--cacert", str(ca.trust_anchor), scheme,
        "-u", f"{user or ca.account}:{PASSWORD}", "-A", "CiscoRA 1.0",
    ]  # fmt: skip
    calls: list[str] = []
    for argument in arguments:
        calls += ["--next"] if argument == "--next" else []
        calls += common if argument == "--next" else [argument]
    done = subprocess.run(["curl", *common, *calls], capture_output=True, check=False, timeout=20)
    assert done.returncode == 0, done.stderr
    return done.stdout


def post(csr: str, template: str = "CiscoRA") -> list[str]:
    return [
        "--data-urlencode", "Mode=newreq", "--data-urlencode", f"CertRequest={csr}",
        "--data-urlencode", f"CertAttrib=CertificateTemplate:{template}\r\n",
        "-d", "TargetStoreFlags=0", "-d", "SaveCert=yes",
    ]  # fmt: skip


def test_two_curl_handles_leave_the_seven_rows_of_the_guide(ca: MockCa) -> None:
    referer = REFERER.format(authority=ca.authority)
    curl(ca, ca.certsrv, "--next", f"{ca.certsrv}/certrqxt.asp")
    download = ["--next", f"{ca.certsrv}/certnew.cer?ReqID=1&ENC=b64"]
    curl(ca, ca.certsrv, "--next", *post(csr_pem()), "-e", referer, f"{ca.certsrv}/certfnsh.asp", *download)
    user, agent = r"ESTORM\ciscora", "CiscoRA+1.0"
    shown = [[*row[3:6], row[7], *row[9:14]] for row in ca.log_rows(7)]
    login = [
        ["GET", "/certsrv", "-", "-", agent, "-", "401", "1", NO_CREDENTIALS],
        ["GET", "/certsrv", "-", user, agent, "-", "301", "0", "0"],
    ]
    assert shown == [
        *login,
        ["GET", "/certsrv/certrqxt.asp", "-", user, agent, "-", "200", "0", "0"],
        *login,
        ["POST", "/certsrv/certfnsh.asp", "-", user, agent, referer, "200", "0", "0"],
        ["GET", "/certsrv/certnew.cer", "ReqID=1&ENC=b64", user, agent, "-", "200", "0", "0"],
    ]


def test_the_certificate_that_comes_back_is_for_the_key_that_was_sent(ca: MockCa) -> None:
    page = curl(ca, *post(csr_pem()), f"{ca.certsrv}/certfnsh.asp").decode()
    found = re.search(r"certnew\.cer\?ReqID=(\d+)&", page)
    assert found
    pem = curl(ca, f"{ca.certsrv}/certnew.cer?ReqID={found[1]}&ENC=b64")
    assert x509.load_pem_x509_certificate(pem).public_key() == make_csr().public_key()


def test_the_chain_of_the_start_up_is_the_ca_certificate(ca: MockCa) -> None:
    der = curl(ca, f"{ca.certsrv}/certnew.p7b?ReqID=CACert&Renewal=0&Enc=bin")
    anchor = x509.load_pem_x509_certificate(ca.trust_anchor.read_bytes())
    assert pkcs7.load_der_pkcs7_certificates(der) == [anchor]


def test_openssl_reads_the_base64_chain_once_its_markers_say_pkcs7(ca: MockCa) -> None:
    text = curl(ca, f"{ca.certsrv}/certnew.p7b?ReqID=CACert&Renewal=0").replace(b"CERTIFICATE", b"PKCS7")
    done = subprocess.run(["openssl", "pkcs7", "-print_certs"], input=text, capture_output=True, check=False)
    assert b"CN = ESTORM-LAB-CA" in done.stdout


@pytest.mark.parametrize("user", ["ESTORM/ciscora", r"estorm\CISCORA", "ciscora", "ciscora@estorm.test"])
def test_ntlm_names_the_account_canonically_however_it_was_typed(ca: MockCa, user: str) -> None:
    curl(ca, f"{ca.certsrv}/certrqxt.asp", user=user)
    assert [row[7] for row in ca.log_rows(2)] == ["-", r"ESTORM\ciscora"]


def test_basic_is_one_row_with_the_name_as_typed(ca: MockCa) -> None:
    curl(ca, f"{ca.certsrv}/certrqxt.asp", user=r"estorm\CiscoRA", scheme="--basic")
    assert [(row[7], *row[11:14]) for row in ca.log_rows(1)] == [(r"estorm\CiscoRA", "200", "0", "0")]


def test_anyauth_without_kerberos_tries_negotiate_and_ends_unauthorized(ca: MockCa) -> None:
    done = subprocess.run(["curl", "-V"], capture_output=True, check=True)
    if b"SPNEGO" not in done.stdout:
        pytest.skip("this curl has no SPNEGO")
    arguments = ["--anyauth", "-sS", "--cacert", str(ca.trust_anchor), "-u", f"{ca.account}:{PASSWORD}"]
    subprocess.run(["curl", *arguments, ca.certsrv], capture_output=True, check=False, timeout=20)
    assert [row[11:13] for row in ca.log_rows(2)] == [["401", "2"], ["401", "2"]]


def test_a_wrong_password_is_two_rows_and_no_page(ca: MockCa) -> None:
    arguments = [
        "-sS",
        "--ntlm",
        "--cacert",
        str(ca.trust_anchor),
        "-u",
        rf"ESTORM\ciscora:{PASSWORD}x",
        "-i",
    ]
    done = subprocess.run(
        ["curl", *arguments, f"{ca.certsrv}/certrqxt.asp"], capture_output=True, check=True, timeout=20
    )
    assert b"<title>401" in done.stdout
    assert [row[11:14] for row in ca.log_rows(2)] == [
        ["401", "1", NO_CREDENTIALS],
        ["401", "1", "2148074252"],
    ]
