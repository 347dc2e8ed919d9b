import base64
import contextlib
import datetime as dt
import warnings
from collections.abc import Callable

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from loadtests.errors import EnrollmentFailed
from loadtests.est.lsc import LscCheck, read_certificates
from loadtests.phones.keys import generate
from loadtests.phones.phone import Phone
from loadtests.scenario import KeyType
from testbed.est_errors import EstError
from testbed.pki import make_root
from tests.loadtests.est_server import LabCa, certs_only

NOW = dt.datetime.now(dt.UTC)
DAY = dt.timedelta(days=1)


@pytest.fixture(scope="module")
def phone() -> Phone:
    return Phone(0, "SEP020000000001", generate(KeyType.P_256))


@pytest.fixture(scope="module")
def answer(lab_ca: LabCa, phone: Phone) -> bytes:
    return lab_ca.enroll(base64.b64encode(phone.csr_der()))


def refusal(lab_ca: LabCa, phone: Phone, body: bytes) -> EstError:
    with pytest.raises(EnrollmentFailed) as caught:
        LscCheck([lab_ca.certificate]).check(body, phone, NOW)
    assert caught.value.reason
    return caught.value.error


def test_a_good_answer_is_the_phones_lsc_in_pem_and_der(lab_ca: LabCa, phone: Phone, answer: bytes) -> None:
    lsc = LscCheck([lab_ca.certificate]).check(answer, phone, dt.datetime.now(dt.UTC))
    certificate = x509.load_pem_x509_certificate(lsc.pem)
    assert certificate == x509.load_der_x509_certificate(lsc.der)
    assert certificate.public_key() == phone.key.public_key()
    assert lsc.serial == f"{certificate.serial_number:x}"


def test_the_lsc_is_found_among_the_chain(lab_ca: LabCa, phone: Phone) -> None:
    issued = lab_ca.issue(phone.subject, phone.key.public_key())
    lsc = LscCheck([lab_ca.certificate]).check(certs_only(lab_ca.certificate, issued), phone, NOW)
    assert lsc.certificate == issued


def test_the_subjects_order_is_the_cas_affair(lab_ca: LabCa, phone: Phone) -> None:
    turned = x509.Name(reversed(list(phone.subject)))
    body = certs_only(lab_ca.issue(turned, phone.key.public_key()))
    assert LscCheck([lab_ca.certificate]).check(body, phone, NOW).certificate.subject == turned


def test_a_certificate_for_another_key_is_refused(lab_ca: LabCa, phone: Phone) -> None:
    other = generate(KeyType.P_256).public_key()
    assert refusal(lab_ca, phone, certs_only(lab_ca.issue(phone.subject, other))) == EstError.X509_PUBKEY


def test_a_certificate_for_another_subject_is_refused(lab_ca: LabCa, phone: Phone) -> None:
    other = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "SEP020000000002")])
    body = certs_only(lab_ca.issue(other, phone.key.public_key()))
    assert refusal(lab_ca, phone, body) == EstError.X509_CN


def test_a_certificate_of_an_unknown_issuer_is_refused(phone: Phone, answer: bytes) -> None:
    stranger = make_root(ec.generate_private_key(ec.SECP256R1()), "OTHER-CA", NOW)
    with pytest.raises(EnrollmentFailed, match="not in the CA's chain") as caught:
        LscCheck([stranger]).check(answer, phone, NOW)
    assert caught.value.error == EstError.CACERT_VERIFICATION


def test_a_certificate_with_a_forged_signature_is_refused(phone: Phone, answer: bytes) -> None:
    impostor = make_root(ec.generate_private_key(ec.SECP256R1()), "TEST-CA", NOW)
    with pytest.raises(EnrollmentFailed, match="signature") as caught:
        LscCheck([impostor]).check(answer, phone, NOW)
    assert caught.value.error == EstError.CACERT_VERIFICATION


def test_of_two_cas_with_one_name_the_one_that_signed_counts(
    lab_ca: LabCa, phone: Phone, answer: bytes
) -> None:
    renewed = make_root(ec.generate_private_key(ec.SECP256R1()), "TEST-CA", NOW)
    assert LscCheck([renewed, lab_ca.certificate]).check(answer, phone, dt.datetime.now(dt.UTC))


@pytest.mark.parametrize(("begins", "ends"), [(NOW + DAY, NOW + 2 * DAY), (NOW - 2 * DAY, NOW - DAY)])
def test_a_certificate_outside_its_dates_is_refused(
    lab_ca: LabCa, phone: Phone, begins: dt.datetime, ends: dt.datetime
) -> None:
    issued = lab_ca.issue(phone.subject, phone.key.public_key(), valid_from=begins, valid_until=ends)
    assert refusal(lab_ca, phone, certs_only(issued)) == EstError.VALIDATION


@pytest.mark.parametrize(
    "spoil",
    [
        lambda der: der[:-1],
        lambda der: der + b"\0",
        lambda der: der + der,
        lambda der: der[:0],
        lambda der: b"<html>" + der,
        lambda der: b"\x30\x80" + der[4:],
    ],
    ids=["cut", "a byte more", "twice", "nothing", "HTML", "endless"],
)
def test_a_spoilt_answer_is_refused(
    lab_ca: LabCa, phone: Phone, answer: bytes, spoil: Callable[[bytes], bytes]
) -> None:
    body = base64.encodebytes(spoil(base64.b64decode(answer)))
    assert refusal(lab_ca, phone, body) == EstError.BAD_X509


@pytest.mark.parametrize("body", [b"<html>", b"MIIB=AAA", b"MII", b"M*II"])
def test_what_is_not_base64_is_refused(lab_ca: LabCa, phone: Phone, body: bytes) -> None:
    assert refusal(lab_ca, phone, body) == EstError.BAD_BASE64


def test_a_pkcs7_without_certificates_is_refused(lab_ca: LabCa, phone: Phone) -> None:
    empty = bytes.fromhex(
        "3025 06092a864886f70d010702 a018 3016 020101 3100 300b06092a864886f70d010701 a000 3100"
    )
    assert refusal(lab_ca, phone, base64.encodebytes(empty)) == EstError.NO_CERTS_FOUND


@given(st.data())
def test_no_change_of_one_byte_makes_the_check_fail_otherwise_or_warn(
    lab_ca: LabCa, phone: Phone, answer: bytes, data: st.DataObject
) -> None:
    der = bytearray(base64.b64decode(answer))
    at = data.draw(st.integers(0, len(der) - 1))
    der[at] ^= data.draw(st.integers(1, 255))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with contextlib.suppress(EnrollmentFailed):
            LscCheck([lab_ca.certificate]).check(base64.encodebytes(der), phone, NOW)


@given(st.binary(max_size=200))
def test_no_bytes_make_the_reader_fail_otherwise(data: bytes) -> None:
    for body in (
        data,
        base64.encodebytes(data),
        base64.encodebytes(b"\x30" + bytes([len(data) % 128]) + data),
    ):
        with pytest.raises(EnrollmentFailed):
            read_certificates(body)
