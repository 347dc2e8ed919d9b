import base64
import contextlib
import datetime as dt

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from hypothesis import given
from hypothesis import strategies as st

from loadtests.errors import EnrollmentFailed
from loadtests.est.lsc import Lsc, LscCheck
from loadtests.est.lsc_bytes import asked_for, certificates_in, statement
from loadtests.phones.keys import generate
from loadtests.phones.phone import Phone
from loadtests.scenario import KeyType
from tests.loadtests.est_server import LabCa, certs_only

NOW = dt.datetime.now(dt.UTC)
KINDS = pytest.mark.parametrize("kind", [KeyType.P_256, KeyType.P_384, KeyType.RSA_2048])


@pytest.fixture(scope="module")
def phone() -> Phone:
    return Phone(0, "SEP020000000001", generate(KeyType.P_256))


@pytest.fixture(scope="module")
def answer(lab_ca: LabCa, phone: Phone) -> bytes:
    return base64.b64decode(lab_ca.enroll(base64.b64encode(phone.csr_der())))


@KINDS
def test_what_a_request_asks_for_is_what_its_certificate_certifies(lab_ca: LabCa, kind: KeyType) -> None:
    phone = Phone(0, "SEP020000000001", generate(kind))
    csr = phone.csr_der()
    issued = lab_ca.issue(phone.subject, phone.key.public_key())
    wanted = phone.subject.public_bytes() + phone.key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    said = statement(issued.public_bytes(serialization.Encoding.DER))
    assert said is not None
    assert asked_for(csr) == said.certified == wanted
    assert said.issuer == lab_ca.certificate.subject.public_bytes()
    assert said.signed == issued.tbs_certificate_bytes


def test_every_certificate_of_an_answer_is_found(lab_ca: LabCa, phone: Phone) -> None:
    issued = [lab_ca.certificate, lab_ca.issue(phone.subject, phone.key.public_key())]
    found = certificates_in(base64.b64decode(certs_only(*issued)))
    assert sorted(found) == sorted(each.public_bytes(serialization.Encoding.DER) for each in issued)


def judged(lab_ca: LabCa, phone: Phone, der: bytes, csr: bytes | None) -> Lsc | None:
    with contextlib.suppress(EnrollmentFailed):
        return LscCheck([lab_ca.certificate]).check(base64.encodebytes(der), phone, NOW, csr)
    return None


@given(st.data())
def test_the_quick_way_never_says_otherwise_than_the_slow_one(
    lab_ca: LabCa, phone: Phone, answer: bytes, data: st.DataObject
) -> None:
    der = bytearray(answer)
    at = data.draw(st.integers(0, len(der) - 1))
    der[at] ^= data.draw(st.integers(0, 255))
    csr = phone.csr_der()
    assert judged(lab_ca, phone, bytes(der), csr) == judged(lab_ca, phone, bytes(der), None)


def test_an_answer_to_another_request_is_left_to_the_slow_way(
    lab_ca: LabCa, phone: Phone, answer: bytes
) -> None:
    other = Phone(1, "SEP020000000002", phone.key)
    with pytest.raises(EnrollmentFailed, match="its subject is"):
        LscCheck([lab_ca.certificate]).check(base64.encodebytes(answer), other, NOW, other.csr_der())


def test_a_subject_in_another_order_is_taken_though_its_bytes_differ(lab_ca: LabCa, phone: Phone) -> None:
    turned = x509.Name(reversed(list(phone.subject)))
    body = certs_only(lab_ca.issue(turned, phone.key.public_key()))
    lsc = LscCheck([lab_ca.certificate]).check(body, phone, NOW, phone.csr_der())
    assert lsc.certificate.subject == turned


@given(st.binary(max_size=300))
def test_no_bytes_make_the_readers_fail(data: bytes) -> None:
    assert certificates_in(data) == []
    statement(data)
    asked_for(data)


def test_nothing_but_the_usual_form_is_read(answer: bytes) -> None:
    assert certificates_in(answer) != []
    assert certificates_in(answer[:-1]) == []
    assert certificates_in(answer + b"\0") == []
