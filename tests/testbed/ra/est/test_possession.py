import base64
import datetime as dt

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, ObjectIdentifier

from testbed.errors import EstRefused
from testbed.est_errors import EstError
from testbed.ra.est.possession import CMC_RA, check_possession

FINISHED = bytes(range(12))
PROOF = base64.b64encode(FINISHED)


def certificate(*usages: ObjectIdentifier) -> x509.Certificate:
    key, now = ec.generate_private_key(ec.SECP256R1()), dt.datetime.now(dt.UTC)
    builder = (
        x509.CertificateBuilder().subject_name(x509.Name([])).issuer_name(x509.Name([]))
        .public_key(key.public_key()).serial_number(1)
        .not_valid_before(now).not_valid_after(now + dt.timedelta(days=1))
    )  # fmt: skip
    if usages:
        builder = builder.add_extension(x509.ExtendedKeyUsage(usages), critical=False)
    return builder.sign(key, hashes.SHA256())


def refused(proof: bytes | None, tls_unique: bytes | None, *, required: bool = False) -> None:
    with pytest.raises(EstRefused) as refusal:
        check_possession(proof, tls_unique, certificate(), required=required)
    assert refusal.value.error is EstError.AUTH_FAIL_TLSUID
    assert str(refusal.value) == "Proof of Possession Mismatch."


@pytest.mark.parametrize("required", [False, True])
def test_the_connections_tls_unique_in_base64_is_the_proof(required: bool) -> None:
    assert len(PROOF) == 16
    check_possession(PROOF, FINISHED, None, required=required)


def test_no_proof_is_needed_where_it_is_off() -> None:
    check_possession(None, FINISHED, certificate(), required=False)


def test_no_proof_is_refused_where_it_is_on() -> None:
    refused(None, FINISHED, required=True)


@pytest.mark.parametrize("proof", [b"", b"wrong", base64.b64encode(bytes(12)), FINISHED])
def test_a_wrong_proof_is_refused_even_where_it_is_off(proof: bytes) -> None:
    refused(proof, FINISHED)


def test_a_proof_without_a_tls_unique_to_compare_is_refused() -> None:
    refused(PROOF, None)
    refused(b"", None)


@pytest.mark.parametrize("proof", [None, b"wrong"])
def test_a_registration_authority_is_exempt(proof: bytes | None) -> None:
    registrar = certificate(ExtendedKeyUsageOID.CLIENT_AUTH, CMC_RA)
    check_possession(proof, FINISHED, registrar, required=True)


def test_another_clients_certificate_is_not() -> None:
    with pytest.raises(EstRefused):
        check_possession(None, FINISHED, certificate(ExtendedKeyUsageOID.CLIENT_AUTH), required=True)
