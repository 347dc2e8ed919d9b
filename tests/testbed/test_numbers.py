import click
import pytest

from testbed.numbers import Integer, Number


def converted(kind: click.ParamType, value: object) -> object:  # type: ignore[type-arg]
    return kind.convert(value, None, None)


def test_a_number_within_its_bounds_is_taken() -> None:
    assert [converted(Integer(1, 3), text) for text in ("1", "3", 2)] == [1, 3, 2]
    assert converted(Integer(1), str(10**30)) == 10**30
    assert [converted(Number(1), text) for text in ("1", "2.5", 4.0)] == [1.0, 2.5, 4.0]


@pytest.mark.parametrize("value", ["0", "4", "1.5", "many", "", "9" * 5000])
def test_what_is_no_number_and_what_is_too_small_or_large_are_refused_in_the_same_words(value: str) -> None:
    with pytest.raises(click.BadParameter) as refused:
        converted(Integer(1, 3), value)
    assert refused.value.message == f"{value!r} is not a whole number of at least 1, at most 3"


def test_a_bound_that_is_not_there_is_not_told() -> None:
    with pytest.raises(click.BadParameter, match="'0' is not a whole number of at least 1"):
        converted(Integer(1), "0")


@pytest.mark.parametrize("value", ["0.5", "inf", "nan", "fast"])
def test_a_number_is_finite_and_large_enough(value: str) -> None:
    with pytest.raises(click.BadParameter, match=f"'{value}' is not a number of at least 1"):
        converted(Number(1), value)
