"""Rates and durations as people type them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests.quantities import parse_duration, parse_rate, parse_share


@pytest.mark.parametrize(
    ("text", "per_second"),
    [("25", 25), ("25/s", 25), ("1500/min", 25), ("0.5/s", 0.5), ("3600/h", 1), (" 2/m ", 2 / 60)],
)
def test_a_rate_is_per_second_unless_it_says_otherwise(text: str, per_second: float) -> None:
    assert parse_rate(text) == pytest.approx(per_second)


@pytest.mark.parametrize(
    ("text", "seconds"), [("90", 90), ("90s", 90), ("2m", 120), ("1h30m", 5400), ("1.5min", 90), ("1m5", 65)]
)
def test_a_duration_is_seconds_unless_it_says_otherwise(text: str, seconds: float) -> None:
    assert parse_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "0", "-1", "fast", "1/week", "1e3", "nan", "9" * 400])
def test_what_is_no_rate_is_refused_by_name(text: str) -> None:
    with pytest.raises(ValueError, match="is not a rate above 0 like 25, 25/s or 1500/min"):
        parse_rate(text)


@pytest.mark.parametrize("text", ["", "0s", "-1", "soon", "1d", "5 s", "9" * 400])
def test_what_is_no_duration_is_refused_by_name(text: str) -> None:
    with pytest.raises(ValueError, match="is not a duration above 0 like 90, 90s, 2m or 1h30m"):
        parse_duration(text)


@given(st.text(max_size=20))
def test_any_text_is_a_value_above_zero_or_a_value_error(text: str) -> None:
    for parse in (parse_rate, parse_duration):
        try:
            assert parse(text) > 0
        except ValueError as error:
            assert repr(text) in str(error)  # noqa: PT017


@pytest.mark.parametrize(
    ("text", "share"), [("5%", 0.05), ("5 %", 0.05), ("0.1", 0.1), ("0", 0), ("99.9%", 0.999)]
)
def test_a_share_is_of_one_unless_it_says_percent(text: str, share: float) -> None:
    assert parse_share(text) == pytest.approx(share)


@pytest.mark.parametrize("text", ["", "5", "100%", "-1%", "much", "nan"])
def test_what_is_no_share_is_refused_by_name(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not a share below 1 like 5% or 0\.05"):
        parse_share(text)
