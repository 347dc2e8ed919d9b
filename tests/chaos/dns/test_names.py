import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaos.dns import names
from chaos.errors import NameUnusable

label = st.binary(min_size=1, max_size=20)


@pytest.mark.parametrize("name", ["ca.test", "ca.test.", "CA.Test", "CA.TEST."])
def test_names_that_mean_the_same_have_one_key(name: str) -> None:
    assert names.key(name) == "ca.test"


def test_a_name_reads_with_its_last_dot() -> None:
    assert names.text((b"ca", b"test")) == "ca.test."
    assert names.text(()) == "."


def test_bytes_that_cannot_be_printed_are_escaped() -> None:
    assert names.text((b"a b\xff",)) == "a\\032b\\255."


@pytest.mark.parametrize(
    ("name", "labels"),
    [
        ("ca.test", (b"ca", b"test")),
        ("_acme-challenge.ca.test.", (b"_acme-challenge", b"ca", b"test")),
        ("bücher.test", (b"xn--bcher-kva", b"test")),
    ],
)
def test_a_name_has_labels(name: str, labels: tuple[bytes, ...]) -> None:
    assert names.labels(name) == labels


@pytest.mark.parametrize("name", ["a" * 64 + ".test", "a..test", ".".join(["a" * 60] * 5), ".test"])
def test_a_name_that_no_packet_can_carry_is_refused(name: str) -> None:
    with pytest.raises(NameUnusable):
        names.labels(name)


@given(st.lists(label, max_size=20))
def test_labels_are_usable_up_to_255_bytes_on_the_wire(labels: list[bytes]) -> None:
    bytes_on_wire = sum(len(each) + 1 for each in labels) + 1
    if bytes_on_wire <= 255:
        names.check(tuple(labels))
    else:
        with pytest.raises(NameUnusable, match="at most 253 bytes"):
            names.check(tuple(labels))
