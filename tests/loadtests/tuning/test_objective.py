"""What is asked of a setting, and the front of those that nothing is better than in everything."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests.errors import ScenarioError
from loadtests.tuning.objective import Terms, Weights, front, mean_terms, parse_weights, terms
from loadtests.tuning.outcome import Outcome

GOOD = Outcome(
    phones=100,
    enrolled=100,
    p50_seconds=3,
    p99_seconds=30,
    tries=100,
    timeouts=0,
    false_timeouts=0,
    orphans=0,
)
some_terms = st.builds(Terms, *[st.integers(0, 3).map(float)] * len(Terms.__struct_fields__))


def test_a_perfect_outcome_loses_time_alone() -> None:
    found = terms(GOOD, 300, 0)
    assert (found.missed, found.false_timeouts, found.orphans, found.collapse) == (0, 0, 0, 0)
    assert (found.median, found.tail) == (0.01, 0.1)


def test_a_percentile_that_nobody_reached_is_the_whole_window() -> None:
    assert terms(msgspec.structs.replace(GOOD, p99_seconds=None), 300, 0).tail == 1


def test_not_to_recover_is_a_loss() -> None:
    assert terms(msgspec.structs.replace(GOOD, recovered=False), 300, 0).collapse == 1


def test_workers_cost_whether_they_work_or_not() -> None:
    assert terms(GOOD, 300, 32).workers > terms(GOOD, 300, 8).workers > 0


@given(st.lists(some_terms, min_size=1, max_size=12))
def test_nobody_on_the_front_is_beaten_in_everything(found: list[Terms]) -> None:
    kept = [each for each, _ in front((each, each) for each in found)]
    assert kept
    for each in kept:
        mine = msgspec.structs.astuple(each)
        for other in found:
            theirs = msgspec.structs.astuple(other)
            assert theirs == mine or any(a < b for a, b in zip(mine, theirs, strict=True))


def test_the_mean_is_of_each_term() -> None:
    one, other = Terms(*[0.0] * 8), Terms(*[1.0] * 8)
    assert mean_terms([one, other]) == Terms(*[0.5] * 8)


def test_weights_not_named_stay() -> None:
    assert parse_weights("orphans=9, missed=1") == Weights(orphans=9, missed=1)
    assert parse_weights("") == Weights()


@pytest.mark.parametrize("text", ["orphans", "orphans=many", "beauty=3", "missed=-1"])
def test_weights_that_make_no_sense_are_refused_with_the_names_there_are(text: str) -> None:
    with pytest.raises(ScenarioError, match=r"--weights.*names are missed, median"):
        parse_weights(text)
