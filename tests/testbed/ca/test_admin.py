import csv
import io
from collections.abc import Iterator
from pathlib import Path

import httpx
import msgspec
import pytest
from click.testing import CliRunner, Result
from cryptography import x509

from testbed.ca.admin import ca_group
from testbed.ca.settings import CaSettings, TemplateSettings
from testbed.errors import DatabaseError
from tests.mock_ca import MockCa, basic_client, enroll_form, make_csr, mock_ca

TEMPLATES = (TemplateSettings(), TemplateSettings(name="Approved", approval=True))


@pytest.fixture
def ca(tmp_path: Path) -> Iterator[MockCa]:
    with mock_ca(tmp_path, CaSettings(templates=TEMPLATES)) as running:
        yield running


@pytest.fixture
def client(ca: MockCa) -> Iterator[httpx.Client]:
    with basic_client(ca) as made:
        yield made


def run(ca: MockCa, command: str, *arguments: str) -> Result:
    result = CliRunner().invoke(ca_group, [command, str(ca.part.database), *arguments])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def submit(client: httpx.Client, template: str) -> str:
    return client.post("certfnsh.asp", data=enroll_form(template=template)).text


def crl(client: httpx.Client) -> x509.CertificateRevocationList:
    return x509.load_der_x509_crl(client.get("certcrl.crl?Type=base&Enc=bin").content)


def test_list_shows_the_newest_first(ca: MockCa, client: httpx.Client) -> None:
    submit(client, "CiscoRA")
    submit(client, "Nope")
    rows = [msgspec.json.decode(line) for line in run(ca, "list", "--json").output.splitlines()]
    assert [(row["id"], row["disposition"]) for row in rows] == [(2, "denied"), (1, "issued")]
    assert rows[0]["status"] == "0x80094800"


def test_list_is_a_table_of_one_disposition_when_asked(ca: MockCa, client: httpx.Client) -> None:
    submit(client, "CiscoRA")
    submit(client, "Nope")
    output = run(ca, "list", "--disposition", "issued").output
    assert "CN=SEP001122334455" in output
    assert "denied" not in output


def test_show_finds_a_request_by_id_and_by_serial(ca: MockCa, client: httpx.Client) -> None:
    submit(client, "CiscoRA")
    by_id = run(ca, "show", "1").output
    certificate = x509.load_pem_x509_certificate(by_id[by_id.index("-----BEGIN") :].encode())
    assert certificate.public_key() == make_csr().public_key()
    assert run(ca, "show", format(certificate.serial_number, "x")).output == by_id


def test_an_approved_request_is_issued_when_it_is_asked_for(ca: MockCa, client: httpx.Client) -> None:
    assert "Certificate Pending" in submit(client, "Approved")
    run(ca, "approve", "1")
    check = client.post("certfnsh.asp", data={"Mode": "chkpnd", "ReqID": "1"})
    assert "Certificate Issued" in check.text
    certificate = x509.load_pem_x509_certificate(client.get("certnew.cer?ReqID=1").content)
    assert certificate.public_key() == make_csr().public_key()


def test_a_pending_request_says_so_again(client: httpx.Client) -> None:
    submit(client, "Approved")
    assert "still pending" in client.post("certfnsh.asp", data={"Mode": "chkpnd", "ReqID": "1"}).text


def test_a_denied_request_cannot_be_had(ca: MockCa, client: httpx.Client) -> None:
    submit(client, "Approved")
    run(ca, "deny", "1")
    page = client.get("certnew.cer?ReqID=1").text
    assert "0x80094014 (-2146877420)" in page
    assert "was denied" in client.post("certfnsh.asp", data={"Mode": "chkpnd", "ReqID": "1"}).text


def test_a_revoked_certificate_is_in_the_crl_with_its_reason(ca: MockCa, client: httpx.Client) -> None:
    submit(client, "CiscoRA")
    assert len(crl(client)) == 0
    run(ca, "revoke", "1", "--reason", "keyCompromise")
    (entry,) = crl(client)
    reason = entry.extensions.get_extension_for_class(x509.CRLReason).value.reason
    assert format(entry.serial_number, "x") in run(ca, "show", "1").output
    assert reason is x509.ReasonFlags.key_compromise


def test_the_crl_is_signed_by_the_ca(ca: MockCa, client: httpx.Client) -> None:
    anchor = x509.load_pem_x509_certificate(ca.trust_anchor.read_bytes())
    assert crl(client).is_signature_valid(anchor.public_key())  # type: ignore[arg-type]


def test_export_writes_every_certificate(ca: MockCa, client: httpx.Client, tmp_path: Path) -> None:
    for _ in range(3):
        submit(client, "CiscoRA")
    run(ca, "export", "--out", str(tmp_path / "all.pem"))
    assert len(x509.load_pem_x509_certificates((tmp_path / "all.pem").read_bytes())) == 3


def test_export_writes_one_csv_row_a_request(ca: MockCa, client: httpx.Client) -> None:
    submit(client, "CiscoRA")
    submit(client, "Nope")
    rows = list(csv.DictReader(io.StringIO(run(ca, "export", "--format", "csv").output)))
    assert [row["disposition"] for row in rows] == ["denied", "issued"]


@pytest.mark.parametrize(
    ("command", "template", "why"),
    [
        ("approve", "CiscoRA", "request 1 is issued: only a pending request can be approved"),
        ("deny", "CiscoRA", "request 1 is issued: only a pending request can be denied"),
        ("revoke", "Approved", "request 1 is pending: only an issued certificate can be revoked"),
    ],
)
def test_what_cannot_be_done_is_said(
    ca: MockCa, client: httpx.Client, command: str, template: str, why: str
) -> None:
    submit(client, template)
    with pytest.raises(DatabaseError, match=why):
        run(ca, command, "1")


def test_an_unknown_request_is_named(ca: MockCa) -> None:
    with pytest.raises(DatabaseError, match="no request id 7"):
        run(ca, "show", "7")


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    with pytest.raises(DatabaseError, match=r"nothing\.sqlite"):
        CliRunner().invoke(ca_group, ["list", str(tmp_path / "nothing.sqlite")], catch_exceptions=False)


def test_one_bad_id_leaves_the_others_as_they_were(ca: MockCa, client: httpx.Client) -> None:
    submit(client, "Approved")
    with pytest.raises(DatabaseError):
        run(ca, "approve", "1", "99")
    assert "pending" in run(ca, "show", "1").output
