import re

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from loadtests.phones.keys import generate
from loadtests.phones.phone import Phone, PhoneNames
from loadtests.scenario import KeyType


@given(seed=st.integers(0, 2**63 - 1), index=st.integers(0, 10**7))
def test_a_name_is_sep_and_a_locally_administered_unicast_mac(seed: int, index: int) -> None:
    name = PhoneNames(seed).name(index)
    assert re.fullmatch(r"SEP[0-9A-F][26AE][0-9A-F]{10}", name)


def test_the_same_seed_gives_the_same_names_in_the_same_order() -> None:
    first, again = PhoneNames(7), PhoneNames(7)
    assert [first.name(index) for index in range(50)] == [again.name(index) for index in range(50)]


def test_names_stay_what_they_were_when_a_run_was_recorded() -> None:
    names = PhoneNames(1)
    assert [names.name(index) for index in (0, 1, 99_999)] == [
        "SEP66FF840B6434",
        "SEP8689B7568839",
        "SEP4AF9D896614F",
    ]


def test_another_seed_gives_other_names() -> None:
    one, other = PhoneNames(1), PhoneNames(2)
    assert not {one.name(i) for i in range(1000)} & {other.name(i) for i in range(1000)}


def test_no_two_phones_of_a_fleet_share_a_name() -> None:
    names = PhoneNames(3)
    assert len({names.name(index) for index in range(100_000)}) == 100_000


@pytest.mark.parametrize("key_type", [KeyType.RSA_2048, KeyType.P_256, KeyType.P_384])
def test_a_phones_request_carries_its_name_and_is_signed_with_its_key(key_type: KeyType) -> None:
    phone = Phone(0, "SEP020000000001", generate(key_type))
    csr = x509.load_der_x509_csr(phone.csr_der())
    assert csr.is_signature_valid
    assert csr.public_key() == phone.key.public_key()
    (common_name,) = csr.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    assert common_name.value == "SEP020000000001"
