import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests.swarm.clocks import Question, RunClock, compare

ways = st.floats(0, 1)


@given(ahead=st.floats(-1000, 1000), there=ways, back=ways)
def test_a_clock_is_ahead_by_what_it_shows_within_the_way_of_the_question(
    ahead: float, there: float, back: float
) -> None:
    sent = 1_760_000_000.0
    found = compare(Question(sent, sent + there + ahead), sent + there + back)
    assert abs(found.seconds - ahead) <= found.uncertainty_seconds + 1e-5


def test_the_way_of_a_message_does_not_matter_and_a_wrong_clock_does() -> None:
    assert not compare(Question(10.0, 10.004), 10.02).matters
    assert compare(Question(10.0, 12.0), 10.02).matters
    assert compare(Question(10.0, 9.0), 10.02).matters


def test_a_run_clock_is_set_back_by_what_it_is_ahead() -> None:
    clock = RunClock(lambda: 100.0)
    clock.ahead_seconds = 2.5
    assert clock() == pytest.approx(97.5)
