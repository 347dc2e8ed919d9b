"""The PyPI client `certsrv`: its whole public API, over Basic and over NTLM."""

import warnings
from collections.abc import Iterator

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import pkcs7

from testbed.ca import database
from testbed.ca.settings import CaSettings, TemplateSettings
from tests.mock_ca import PASSWORD, MockCa, csr_pem, make_csr, mock_ca

pytest.importorskip("certsrv", reason="certsrv is not installed")
pytest.importorskip("requests_ntlm", reason="requests_ntlm is not installed")
import certsrv

TEMPLATES = (TemplateSettings(), TemplateSettings(name="Approved", approval=True))


@pytest.fixture(scope="module")
def ca(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MockCa]:
    with mock_ca(tmp_path_factory.mktemp("ca"), CaSettings(templates=TEMPLATES)) as running:
        yield running


@pytest.fixture(autouse=True)
def no_bundle_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """`requests` prefers these to the file it is given."""
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
    monkeypatch.delenv("CURL_CA_BUNDLE", raising=False)


@pytest.fixture(params=["basic", "ntlm"])
def client(ca: MockCa, request: pytest.FixtureRequest) -> Iterator[certsrv.Certsrv]:
    made = certsrv.Certsrv(ca.authority, ca.account, PASSWORD, request.param, cafile=str(ca.trust_anchor))
    yield made
    made.session.close()


def test_get_cert_returns_a_certificate_for_the_key(client: certsrv.Certsrv) -> None:
    certificate = x509.load_pem_x509_certificate(client.get_cert(csr_pem(), "CiscoRA"))
    assert certificate.public_key() == make_csr().public_key()


def test_get_cert_returns_der_when_asked(client: certsrv.Certsrv) -> None:
    certificate = x509.load_der_x509_certificate(client.get_cert(csr_pem(), "CiscoRA", encoding="bin"))
    assert certificate.subject == make_csr().subject


def test_get_cert_sends_attributes_beside_the_template(client: certsrv.Certsrv) -> None:
    assert client.get_cert(csr_pem(), "CiscoRA", attributes="SAN:dns=a.test\r\n").startswith(b"-----BEGIN")


def test_an_unknown_template_is_a_denied_request(client: certsrv.Certsrv) -> None:
    with pytest.raises(
        certsrv.RequestDeniedException, match=r"0x80094800, .*template that is not supported.*Nope"
    ):
        client.get_cert(csr_pem(), "Nope")


def test_a_request_that_is_none_is_a_parsing_error(client: certsrv.Certsrv) -> None:
    with pytest.raises(certsrv.RequestDeniedException, match="Error Parsing Request"):
        client.get_cert("this is not a request", "CiscoRA")


def test_a_template_that_needs_approval_is_pending_and_not_to_be_had(client: certsrv.Certsrv) -> None:
    with pytest.raises(certsrv.CertificatePendingException) as pending:
        client.get_cert(csr_pem(), "Approved")
    with pytest.raises(certsrv.CouldNotRetrieveCertificateException, match="Taken Under Submission"):
        client.get_existing_cert(pending.value.req_id)


def test_get_existing_cert_returns_what_get_cert_did(ca: MockCa, client: certsrv.Certsrv) -> None:
    first = client.get_cert(csr_pem(), "CiscoRA")
    newest = database.issued(ca.part.database)[-1]
    assert client.get_existing_cert(newest.request_id) == first


def test_an_id_that_was_never_given_cannot_be_retrieved(client: certsrv.Certsrv) -> None:
    with pytest.raises(certsrv.CouldNotRetrieveCertificateException):
        client.get_existing_cert(4_000_000)


@pytest.mark.parametrize("encoding", ["b64", "bin"])
def test_get_ca_cert_returns_the_ca_certificate(ca: MockCa, client: certsrv.Certsrv, encoding: str) -> None:
    load = x509.load_pem_x509_certificate if encoding == "b64" else x509.load_der_x509_certificate
    anchor = x509.load_pem_x509_certificate(ca.trust_anchor.read_bytes())
    assert load(client.get_ca_cert(encoding)) == anchor


def test_get_chain_returns_the_chain(ca: MockCa, client: certsrv.Certsrv) -> None:
    anchor = x509.load_pem_x509_certificate(ca.trust_anchor.read_bytes())
    assert pkcs7.load_der_pkcs7_certificates(client.get_chain()) == [anchor]


def test_get_chain_in_base64_stands_between_certificate_markers(client: certsrv.Certsrv) -> None:
    assert client.get_chain("b64").startswith(b"-----BEGIN CERTIFICATE-----\r\n")


def test_check_credentials_tells_good_from_bad(client: certsrv.Certsrv) -> None:
    assert client.check_credentials() is True
    client.update_credentials(r"ESTORM\ciscora", "wrong")
    assert client.check_credentials() is False
    client.update_credentials(r"ESTORM\ciscora", PASSWORD)
    assert client.check_credentials() is True


def test_the_old_functions_work_too(ca: MockCa) -> None:
    options = {"auth_method": "basic", "cafile": str(ca.trust_anchor)}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert certsrv.check_credentials(ca.authority, ca.account, PASSWORD, **options) is True
        anchor = certsrv.get_ca_cert(ca.authority, ca.account, PASSWORD, **options)
    assert anchor.startswith(b"-----BEGIN CERTIFICATE-----")
