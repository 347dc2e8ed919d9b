import base64

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from testbed.errors import EstRefused, SettingsError
from testbed.est_errors import EstError
from testbed.ra.certificates import SigningRequest
from testbed.ra.est.csr_attributes import CsrAttributes
from testbed.ra.est.settings import CsrAttribute, EstSettings

CHALLENGE, EXTENSIONS, SAN = "1.2.840.113549.1.9.7", "1.2.840.113549.1.9.14", "2.5.29.17"
EC, P384, ECDSA_SHA384 = "1.2.840.10045.2.1", "1.3.132.0.34", "1.2.840.10045.4.3.3"
MAC_ADDRESS = "1.3.6.1.1.1.1.22"
# RFC 7030 section 4.5.2: challengePassword, ecPublicKey with secp384r1, extReq with macAddress,
# ecdsaWithSHA384.
RFC_EXAMPLE = "MEEGCSqGSIb3DQEJBzASBgcqhkjOPQIBMQcGBSuBBAAiMBYGCSqGSIb3DQEJDjEJBgcrBgEBAQEWBggqhkjOPQQDAw=="
EXAMPLE = (
    CsrAttribute(CHALLENGE), CsrAttribute(EC, (P384,)), CsrAttribute(EXTENSIONS, (MAC_ADDRESS,)),
    CsrAttribute(ECDSA_SHA384),
)  # fmt: skip


def test_the_rfcs_example_is_encoded_to_the_byte() -> None:
    encoded = CsrAttributes(EstSettings(attributes=EXAMPLE)).encoded
    assert encoded is not None
    assert base64.b64encode(encoded).decode() == RFC_EXAMPLE


def test_nothing_asked_for_is_nothing_to_say() -> None:
    assert CsrAttributes(EstSettings()).encoded is None


def test_a_required_proof_of_possession_asks_for_challenge_password_once() -> None:
    on = CsrAttributes(EstSettings(proof_of_possession="on")).encoded
    assert on == bytes.fromhex("300b06092a864886f70d010907")
    both = EstSettings(proof_of_possession="on", attributes=(CsrAttribute(CHALLENGE),))
    assert CsrAttributes(both).encoded == on


def test_more_than_libest_takes_is_refused_at_the_start() -> None:
    many = tuple(CsrAttribute(f"1.3.6.1.4.1.311.21.8.{n}.{n}") for n in range(1000, 1100))
    with pytest.raises(SettingsError, match=r"ra\.est\.attributes make \d+ characters .* list fewer"):
        CsrAttributes(EstSettings(attributes=many))


@pytest.fixture
def request_384() -> SigningRequest:
    key = ec.generate_private_key(ec.SECP384R1())
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    names = x509.SubjectAlternativeName([x509.DNSName("phone.test")])
    return SigningRequest(builder.add_extension(names, critical=False).sign(key, hashes.SHA384()))


@pytest.mark.parametrize("oid", [EXTENSIONS, SAN, EC, P384, ECDSA_SHA384])
def test_attributes_extensions_and_algorithms_of_a_request_count(
    request_384: SigningRequest, oid: str
) -> None:
    required = EstSettings(attributes=(CsrAttribute(oid),), attributes_required=True)
    CsrAttributes(required).check(request_384)


def test_what_is_missing_is_named(request_384: SigningRequest) -> None:
    required = EstSettings(attributes=EXAMPLE, attributes_required=True)
    with pytest.raises(EstRefused, match=f"the request lacks {CHALLENGE}") as refused:
        CsrAttributes(required).check(request_384)
    assert refused.value.error is EstError.CSR_ATTR_MISSING


def test_what_is_asked_for_is_not_required_unless_said(request_384: SigningRequest) -> None:
    CsrAttributes(EstSettings(attributes=EXAMPLE)).check(request_384)
