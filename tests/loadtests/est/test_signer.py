"""What a loaded key verifies: the same as the library's own way, which loads it anew."""

import datetime as dt

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

from loadtests.est.signer import Signer
from testbed.pki import PrivateKey

NAME = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "CA")])
RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
CURVE = ec.generate_private_key(ec.SECP384R1())
KEYS = pytest.mark.parametrize("key", [RSA, CURVE], ids=["rsa", "curve"])


def issued(key: PrivateKey, rsa_padding: padding.PSS | None = None) -> x509.Certificate:
    now = dt.datetime.now(dt.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(NAME)
        .issuer_name(NAME)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now + dt.timedelta(days=1))
        .sign(key, hashes.SHA384(), rsa_padding=rsa_padding)
    )


@KEYS
def test_a_signature_of_its_own_verifies(key: PrivateKey) -> None:
    certificate = issued(key)
    assert Signer(key.public_key()).signed(certificate.tbs_certificate_bytes, certificate)


def test_a_pss_signature_verifies() -> None:
    pss = padding.PSS(padding.MGF1(hashes.SHA384()), padding.PSS.DIGEST_LENGTH)
    certificate = issued(RSA, pss)
    assert Signer(RSA.public_key()).signed(certificate.tbs_certificate_bytes, certificate)


@KEYS
def test_a_signature_under_other_data_does_not(key: PrivateKey) -> None:
    assert not Signer(key.public_key()).signed(b"other", issued(key))


@pytest.mark.parametrize("key", [RSA, CURVE, ed25519.Ed25519PrivateKey.generate()])
def test_a_key_of_another_kind_verifies_nothing(key: PrivateKey) -> None:
    certificate = issued(CURVE if key is RSA else RSA)
    assert not Signer(key.public_key()).signed(certificate.tbs_certificate_bytes, certificate)
