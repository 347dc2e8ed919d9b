import base64
import contextlib
import datetime as dt

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7
from hypothesis import given, settings
from hypothesis import strategies as st

from testbed.errors import CaRefused
from testbed.pki import make_root
from testbed.ra.certificates import CaChain, SigningRequest, base64_lines, pkcs7_der
from tests.testbed.ra.scripted_ca import ScriptedCa

Csr = x509.CertificateSigningRequest


def wrapped(csr: Csr, columns: int, end: bytes = b"\n") -> bytes:
    text = base64.b64encode(csr.public_bytes(Encoding.DER))
    return b"".join(text[i : i + columns] + end for i in range(0, len(text), columns))


@pytest.mark.parametrize("columns", [4, 64, 76, 1023])
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_a_request_in_lines_is_read(csr: Csr, columns: int, end: bytes) -> None:
    assert SigningRequest.from_est(wrapped(csr, columns, end)).pem == csr.public_bytes(Encoding.PEM)


def test_a_request_in_pem_armour_is_read(csr: Csr) -> None:
    pem = csr.public_bytes(Encoding.PEM)
    assert SigningRequest.from_est(pem).pem == pem
    assert SigningRequest.from_est(pem.replace(b"CERTIFICATE", b"NEW CERTIFICATE")).pem == pem


def test_a_request_in_one_unended_line_is_refused_as_libest_does(csr: Csr) -> None:
    with pytest.raises(ValueError, match="not base64 in lines"):
        SigningRequest.from_est(base64.b64encode(csr.public_bytes(Encoding.DER)))


def test_a_line_of_1024_characters_is_refused() -> None:
    with pytest.raises(ValueError, match="1024 characters"):
        SigningRequest.from_est(b"A" * 1024 + b"\n")


@pytest.mark.parametrize("body", [b"", b"\n", b"!!!!\n", b"AAAA\n", b"-----BEGIN X-----\n"])
def test_what_is_no_request_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError, match="certificate request"):
        SigningRequest.from_est(body)


def test_raw_der_is_refused(csr: Csr) -> None:
    with pytest.raises(ValueError, match="certificate request"):
        SigningRequest.from_est(csr.public_bytes(Encoding.DER))


def test_a_request_with_a_wrong_signature_is_refused(csr: Csr) -> None:
    der = bytearray(csr.public_bytes(Encoding.DER))
    der[-1] ^= 1
    with pytest.raises(ValueError, match="signature"):
        SigningRequest.from_est(base64_lines(bytes(der)))


@given(data=st.data())
@settings(max_examples=300)
def test_no_damage_to_a_request_raises_anything_but_value_error(csr: Csr, data: st.DataObject) -> None:
    der = bytearray(csr.public_bytes(Encoding.DER))
    position = data.draw(st.integers(0, len(der) - 1))
    der[position] = data.draw(st.integers(0, 255))
    with contextlib.suppress(ValueError):
        SigningRequest.from_est(base64_lines(bytes(der)))


@given(st.binary(max_size=2000))
def test_base64_lines_are_64_columns_and_lossless(data: bytes) -> None:
    lines = base64_lines(data).splitlines(keepends=True)
    assert b"".join(base64.b64decode(line) for line in lines) == data
    assert all(len(line) == 65 for line in lines[:-1])
    assert all(line.endswith(b"\n") for line in lines)


def test_a_pkcs7_holds_the_certificates_given(ca: ScriptedCa) -> None:
    assert pkcs7.load_der_pkcs7_certificates(pkcs7_der([ca.root])) == [ca.root]


def test_a_certificate_for_the_request_from_the_chain_is_good(ca: ScriptedCa, csr: Csr) -> None:
    certificate = ca.sign(csr.public_key(), csr.subject)  # type: ignore[arg-type]
    CaChain([ca.root]).check(certificate, SigningRequest(csr))


def test_a_certificate_for_another_key_is_refused(ca: ScriptedCa, csr: Csr) -> None:
    other = ca.sign(ec.generate_private_key(ec.SECP256R1()).public_key(), csr.subject)
    with pytest.raises(CaRefused) as refused:
        CaChain([ca.root]).check(other, SigningRequest(csr))
    assert refused.value.cause == "wrong_key"


def test_a_certificate_from_another_ca_is_refused(ca: ScriptedCa, csr: Csr) -> None:
    other = make_root(ec.generate_private_key(ec.SECP256R1()), "OTHER", dt.datetime.now(dt.UTC))
    certificate = ca.sign(csr.public_key(), csr.subject)  # type: ignore[arg-type]
    with pytest.raises(CaRefused) as refused:
        CaChain([other]).check(certificate, SigningRequest(csr))
    assert refused.value.cause == "wrong_issuer"


def test_a_certificate_with_the_cas_name_but_another_signature_is_refused(ca: ScriptedCa, csr: Csr) -> None:
    impostor = make_root(ec.generate_private_key(ec.SECP256R1()), "SCRIPTED-CA", dt.datetime.now(dt.UTC))
    certificate = ca.sign(csr.public_key(), csr.subject)  # type: ignore[arg-type]
    with pytest.raises(CaRefused):
        CaChain([impostor]).check(certificate, SigningRequest(csr))


def test_a_renewed_ca_has_two_certificates_of_one_name(ca: ScriptedCa, csr: Csr) -> None:
    renewed = make_root(ec.generate_private_key(ec.SECP256R1()), "SCRIPTED-CA", dt.datetime.now(dt.UTC))
    certificate = ca.sign(csr.public_key(), csr.subject)  # type: ignore[arg-type]
    CaChain([renewed, ca.root]).check(certificate, SigningRequest(csr))


def test_a_chain_with_a_gap_is_refused(ca: ScriptedCa, csr: Csr) -> None:
    leaf = ca.sign(csr.public_key(), csr.subject)  # type: ignore[arg-type]
    with pytest.raises(CaRefused) as refused:
        CaChain([leaf])
    assert refused.value.cause == "wrong_issuer"


# Damage can make a country of one letter or a negative serial number, which cryptography warns of.
@pytest.mark.filterwarnings("ignore:Attribute's length", "ignore:Parsed a serial number")
@given(data=st.data())
@settings(max_examples=300, deadline=None)
def test_no_damage_to_a_certificate_goes_unnoticed(csr: Csr, data: st.DataObject) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    root = make_root(key, "DAMAGED-CA", dt.datetime.now(dt.UTC))
    request = SigningRequest(csr)
    certificate = (
        x509.CertificateBuilder().subject_name(csr.subject).issuer_name(root.subject)
        .public_key(csr.public_key()).serial_number(7)
        .not_valid_before(root.not_valid_before_utc).not_valid_after(root.not_valid_after_utc)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    der = bytearray(certificate.public_bytes(Encoding.DER))
    # Signatures differ in length from run to run, what is drawn must not.
    position = data.draw(st.integers(0, 100_000)) % len(der)
    der[position] ^= data.draw(st.integers(1, 255))
    try:
        damaged = x509.load_der_x509_certificate(bytes(der))
    except (ValueError, x509.InvalidVersion):
        return
    if (damaged.tbs_certificate_bytes, damaged.signature) == _signed(certificate):
        return  # the signature's count of unused bits, which says nothing
    with pytest.raises(CaRefused):
        CaChain([root]).check(damaged, request)


def _signed(certificate: x509.Certificate) -> tuple[bytes, bytes]:
    return certificate.tbs_certificate_bytes, certificate.signature
