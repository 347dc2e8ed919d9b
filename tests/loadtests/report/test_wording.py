import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests.report import wording
from loadtests.results.slo import Unit


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0.0, "0 ms"),
        (0.00042, "0.42 ms"),
        (0.043, "43 ms"),
        (0.9999, "0.9999 s"),
        (1.25, "1.25 s"),
        (7200, "7,200 s"),
    ],
)
def test_durations_read_in_the_unit_that_suits_them(value: float, words: str) -> None:
    assert wording.seconds(value).replace("\N{NO-BREAK SPACE}", " ") == words


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0.0, "0 s"),
        (45.04, "45 s"),
        (59.97, "1 min"),
        (150, "2 min 30 s"),
        (3599.9, "1 h"),
        (19_980, "5 h 33 min"),
    ],
)
def test_lengths_of_time_read_as_people_plan_with_them(value: float, words: str) -> None:
    assert wording.span(value).replace("\N{NO-BREAK SPACE}", " ") == words


@pytest.mark.parametrize("say", [wording.seconds, wording.span, wording.count, wording.share, wording.rate])
def test_what_is_not_known_is_told_so(say: object) -> None:
    assert callable(say)
    assert say(None) == "unknown"


@given(st.integers(1, 10**8))
def test_a_share_below_one_never_reads_as_all(intended: int) -> None:
    assert wording.share((intended - 1) / intended) != wording.share(1.0)


@pytest.mark.parametrize(
    ("unit", "words"),
    [(Unit.SHARE, "50 %"), (Unit.SECONDS, "500 ms"), (Unit.RATE, "0.5/s"), (Unit.COUNT, "0")],
)
def test_a_measured_value_reads_in_its_unit(unit: Unit, words: str) -> None:
    assert wording.measured(0.5, unit).replace("\N{NO-BREAK SPACE}", " ") == words
