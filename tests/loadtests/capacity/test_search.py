from collections.abc import Callable

import msgspec
import pytest

from loadtests.capacity.search import Found, SearchSettings, decide
from loadtests.capacity.trial import Margin, Trial, TrialPlan, Usage
from loadtests.results.slo import Slo

LIMIT = 130.0


def trial(plan: TrialPlan, *, met: bool, bound: bool = False) -> Trial:
    rate = plan.rate_per_second or 10.0
    margin = Margin("latency_p99_seconds <= 1s", rate / LIMIT)
    return Trial(plan, 1000, rate, 0.1, 0.5, 0.0, Slo(met, []), [margin], Usage(), bound)


def search(holds_at: Callable[[float], bool], settings: SearchSettings) -> tuple[list[Trial], Found]:
    trials: list[Trial] = []
    while isinstance(plan := decide(trials, settings), TrialPlan):
        trials.append(trial(plan, met=plan.rate_per_second is None or holds_at(plan.rate_per_second)))
    return trials, plan


def rates(trials: list[Trial], step: str) -> list[float]:
    return [each.rate_per_second for each in trials if each.plan.step == step]


def test_the_search_begins_with_one_phone_at_a_time() -> None:
    plan = decide([], SearchSettings())
    assert isinstance(plan, TrialPlan)
    assert (plan.step, plan.rate_per_second) == ("baseline", None)


def test_the_rate_doubles_until_a_rule_breaks() -> None:
    trials, _ = search(lambda rate: rate < LIMIT, SearchSettings())
    assert rates(trials, "rise") == [10, 20, 40, 80, 160]


def test_the_limit_is_bracketed_as_closely_as_asked() -> None:
    trials, found = search(lambda rate: rate < LIMIT, SearchSettings(resolution=0.02))
    assert found.held is not None
    assert found.broken is not None
    assert found.held < LIMIT <= found.broken <= found.held * 1.02
    assert len(rates(trials, "bisect")) <= 6


def test_the_candidate_and_both_its_sides_are_held_longer() -> None:
    trials, _ = search(lambda rate: rate < LIMIT, SearchSettings(holds=2))
    held = rates(trials, "hold")
    assert len(held) == 6
    assert min(held) < LIMIT < max(held)
    assert all(t.plan.measured_seconds >= 30 for t in trials if t.plan.step == "hold")


def test_a_trial_is_long_enough_for_its_percentiles() -> None:
    plan = decide([trial(TrialPlan("baseline", 1, None, 0, 15), met=True)], SearchSettings(first_rate=2))
    assert isinstance(plan, TrialPlan)
    assert plan.measured_seconds == 500


def test_a_chain_that_fails_one_phone_has_no_capacity() -> None:
    found = decide([trial(TrialPlan("baseline", 1, None, 0, 15), met=False)], SearchSettings())
    assert isinstance(found, Found)
    assert "one phone at a time" in found.why


def test_a_first_rate_that_is_too_high_is_halved() -> None:
    trials, _ = search(lambda rate: rate < LIMIT, SearchSettings(first_rate=1000))
    assert rates(trials, "rise") == [1000]
    assert rates(trials, "bisect")[:3] == [500, 250, 125]


def test_a_rise_ends_where_the_generator_is_the_limit() -> None:
    first = trial(TrialPlan("baseline", 1, None, 0, 15), met=True)
    rise = trial(TrialPlan("rise", 2, 50.0, 5, 20), met=True, bound=True)
    found = decide([first, rise], SearchSettings())
    assert isinstance(found, Found)
    assert "generator" in found.why
    assert (found.held, found.broken) == (50, None)


def test_a_rise_ends_at_the_highest_rate_allowed() -> None:
    trials, found = search(lambda _: True, SearchSettings(highest_rate=100))
    assert rates(trials, "rise")[-1] == 100
    assert found.held == 100


def test_no_more_trials_are_made_than_allowed() -> None:
    trials, found = search(lambda rate: rate < LIMIT, SearchSettings(most_trials=8))
    assert len(trials) == 8
    assert "8 trials" in found.why


@pytest.mark.parametrize("made", range(12))
def test_a_search_goes_on_from_the_trials_it_has(made: int) -> None:
    whole, _ = search(lambda rate: rate < LIMIT, SearchSettings())
    kept = msgspec.json.decode(msgspec.json.encode(whole[:made]), type=list[Trial])
    assert decide(kept, SearchSettings()) == whole[made].plan
