"""What AD CS's certificates look like, read back from the CA."""

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.serialization import pkcs7
from cryptography.x509 import ObjectIdentifier
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID

from testbed.ca.settings import CaSettings, TemplateSettings
from tests.mock_ca import MockCa, basic_client, enroll_form, make_csr, mock_ca, rsa_key

TEMPLATE_V2 = ObjectIdentifier("1.3.6.1.4.1.311.21.7")
POLICIES = ObjectIdentifier("1.3.6.1.4.1.311.21.10")


def issue(ca: MockCa, template: str = "CiscoRA") -> x509.Certificate:
    with basic_client(ca) as client:
        client.post("certfnsh.asp", data=enroll_form(template=template))
        return x509.load_pem_x509_certificate(client.get("certnew.cer?ReqID=1").content)


@pytest.fixture(scope="module")
def issued(tmp_path_factory: pytest.TempPathFactory) -> Iterator[x509.Certificate]:
    with mock_ca(tmp_path_factory.mktemp("ca")) as ca:
        yield issue(ca)


def raw(certificate: x509.Certificate, oid: ObjectIdentifier) -> bytes:
    value = certificate.extensions.get_extension_for_oid(oid).value
    assert isinstance(value, x509.UnrecognizedExtension)
    return value.value


def test_it_starts_ten_minutes_ago_and_lasts_its_period(issued: x509.Certificate) -> None:
    life = issued.not_valid_after_utc - issued.not_valid_before_utc
    assert life == dt.timedelta(days=730)
    age = dt.datetime.now(dt.UTC) - issued.not_valid_before_utc
    assert dt.timedelta(minutes=10) <= age < dt.timedelta(minutes=11)


def test_its_extensions_are_those_of_ad_cs(issued: x509.Certificate) -> None:
    assert [(each.oid.dotted_string, each.critical) for each in issued.extensions] == [
        (ExtensionOID.SUBJECT_KEY_IDENTIFIER.dotted_string, False),
        (ExtensionOID.AUTHORITY_KEY_IDENTIFIER.dotted_string, False),
        (ExtensionOID.CRL_DISTRIBUTION_POINTS.dotted_string, False),
        (ExtensionOID.AUTHORITY_INFORMATION_ACCESS.dotted_string, False),
        (ExtensionOID.KEY_USAGE.dotted_string, True),
        (ExtensionOID.EXTENDED_KEY_USAGE.dotted_string, False),
        (TEMPLATE_V2.dotted_string, False),
        (POLICIES.dotted_string, False),
    ]


def test_the_authority_is_named_by_key_id_alone(issued: x509.Certificate) -> None:
    authority = issued.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value
    assert authority.key_identifier
    assert authority.authority_cert_issuer is None


def test_the_template_is_named_by_oid_and_version(issued: x509.Certificate) -> None:
    template = issued.extensions.get_extension_for_class(x509.MSCertificateTemplate).value
    assert template.template_id.dotted_string.startswith("1.3.6.1.4.1.311.21.8.")
    assert (template.major_version, template.minor_version) == (100, 1)


def test_the_application_policies_repeat_the_key_purposes(issued: x509.Certificate) -> None:
    purposes = issued.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert ExtendedKeyUsageOID.CLIENT_AUTH in purposes
    assert raw(issued, POLICIES).count(bytes.fromhex("2b060105050703")) == len(list(purposes))


def test_the_crl_is_found_in_the_directory(issued: x509.Certificate) -> None:
    (point,) = issued.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    assert point.full_name
    assert point.full_name[0].value.startswith(
        "ldap:///CN=ESTORM-LAB-CA,CN=ESTORM-LAB-CA,CN=CDP,CN=Public%20Key"
    )


def test_serials_without_high_serial_have_ten_bytes_and_end_with_the_id(tmp_path: Path) -> None:
    with mock_ca(tmp_path, CaSettings(high_serial=0)) as ca:
        serial = issue(ca).serial_number
    assert (serial.bit_length() + 7) // 8 == 10
    assert serial & 0xFFFFFFFFFFFF == 1


def test_a_template_may_shorten_a_life_but_not_lengthen_it(tmp_path: Path) -> None:
    templates = (TemplateSettings(validity_days=10), TemplateSettings(name="Long", validity_days=9999))
    with (
        mock_ca(tmp_path, CaSettings(templates=templates, validity_days=30)) as ca,
        basic_client(ca) as client,
    ):
        lives = []
        for number, template in enumerate(("CiscoRA", "Long"), 1):
            client.post("certfnsh.asp", data=enroll_form(template=template))
            one = x509.load_pem_x509_certificate(client.get(f"certnew.cer?ReqID={number}").content)
            lives.append((one.not_valid_after_utc - one.not_valid_before_utc).days)
    assert lives == [10, 30]


@pytest.mark.parametrize("key", ["p256", "p384", "rsa-3072"])
def test_any_kind_of_ca_key_signs(tmp_path: Path, key: str) -> None:
    with mock_ca(tmp_path, CaSettings(key=key)) as ca:  # type: ignore[arg-type]
        certificate = issue(ca)
        anchor = x509.load_pem_x509_certificate(ca.trust_anchor.read_bytes())
    certificate.verify_directly_issued_by(anchor)


def test_an_intermediate_stands_between_the_certificate_and_the_root(tmp_path: Path) -> None:
    with mock_ca(tmp_path, CaSettings(intermediate=True)) as ca, basic_client(ca) as client:
        leaf = issue(ca)
        chain = pkcs7.load_der_pkcs7_certificates(client.get("certnew.p7b?ReqID=CACert&Enc=bin").content)
        anchor = x509.load_pem_x509_certificate(ca.trust_anchor.read_bytes())
        assert x509.load_pem_x509_certificate(client.get("certnew.cer?ReqID=CACert").content) in chain
    (issuing,) = (each for each in chain if each != anchor)
    leaf.verify_directly_issued_by(issuing)
    issuing.verify_directly_issued_by(anchor)


def test_the_names_a_request_asks_for_are_in_its_certificate(tmp_path: Path) -> None:
    names = x509.SubjectAlternativeName([x509.DNSName("phone.test")])
    csr = (
        x509.CertificateSigningRequestBuilder()
        .subject_name(make_csr().subject)
        .add_extension(names, critical=False)
        .sign(rsa_key(), hashes.SHA256())
    )
    with mock_ca(tmp_path) as ca, basic_client(ca) as client:
        client.post("certfnsh.asp", data=enroll_form(csr.public_bytes(serialization.Encoding.PEM).decode()))
        certificate = x509.load_pem_x509_certificate(client.get("certnew.cer?ReqID=1").content)
    assert certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value == names
