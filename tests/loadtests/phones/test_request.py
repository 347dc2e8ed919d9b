"""Requests put together here are those that the library's builder makes."""

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from loadtests.phones.keys import generate
from loadtests.phones.request import digest_for, request_der, subject_of
from loadtests.scenario import KeyType

NAMES = pytest.mark.parametrize("name", ["SEP020000000001", "N", "NN", "x" * 64])


@pytest.mark.parametrize("kind", list(KeyType))
def test_a_request_asks_for_subject_and_key_under_a_valid_signature(kind: KeyType) -> None:
    key = generate(kind)
    request = x509.load_der_x509_csr(request_der("SEP020000000001", key))
    assert request.is_signature_valid
    assert request.subject == subject_of("SEP020000000001")
    assert request.public_key() == key.public_key()
    assert list(request.attributes) == []


@NAMES
def test_an_rsa_request_is_the_builders_byte_for_byte(name: str) -> None:
    key = generate(KeyType.RSA_2048)
    built = x509.CertificateSigningRequestBuilder().subject_name(subject_of(name)).sign(key, digest_for(key))
    assert request_der(name, key) == built.public_bytes(serialization.Encoding.DER)


@NAMES
@pytest.mark.parametrize("kind", [KeyType.P_256, KeyType.P_384])
def test_a_curves_request_differs_from_the_builders_by_its_signature_alone(kind: KeyType, name: str) -> None:
    key = generate(kind)
    built = x509.CertificateSigningRequestBuilder().subject_name(subject_of(name)).sign(key, digest_for(key))
    made = x509.load_der_x509_csr(request_der(name, key))
    assert made.tbs_certrequest_bytes == built.tbs_certrequest_bytes
    assert made.signature_algorithm_oid == built.signature_algorithm_oid
