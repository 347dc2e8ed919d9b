from collections.abc import Callable

import msgspec
import pytest

from loadtests.capacity.estimate import estimate
from loadtests.capacity.search import Found, SearchSettings, decide, seconds_left
from loadtests.capacity.trial import Trial, TrialPlan
from tests.loadtests.capacity import trials as made_up

LIMIT = 130.0
DEATH = "the ca ended by itself (SIGKILL)"


def trial(plan: TrialPlan, *, met: bool, bound: bool = False, took: float = 0.0) -> Trial:
    rate = plan.rate_per_second or 10.0
    share = 0.004 if met else 0.05
    made = made_up.trial(plan.number, plan.step, rate, share)
    return made_up.changed(made, plan=plan, generator_bound=bound, took_seconds=took)


def search(
    holds_at: Callable[[float], bool], settings: SearchSettings, overhead: float = 0.0
) -> tuple[list[Trial], Found]:
    trials: list[Trial] = []
    while isinstance(plan := decide(trials, settings), TrialPlan):
        met = plan.rate_per_second is None or holds_at(plan.rate_per_second)
        took = plan.settle_seconds + plan.measured_seconds + overhead
        trials.append(trial(plan, met=met, took=took))
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
    assert found.generator_bound
    assert (found.held, found.broken) == (50, None)


@pytest.mark.parametrize("problem", [DEATH, ""])
def test_a_trial_that_says_nothing_of_the_chain_is_made_again_and_twice_ends_the_search(problem: str) -> None:
    first = trial(TrialPlan("baseline", 1, None, 0, 15), met=True)
    spoilt = [
        trial(TrialPlan("rise", number, 50.0, 5, 20), met=False, bound=not problem) for number in (2, 3)
    ]
    spoilt = [made_up.changed(each, problem=problem) for each in spoilt]
    again = decide([first, spoilt[0]], SearchSettings(first_rate=50))
    assert isinstance(again, TrialPlan)
    assert (again.step, again.number, again.rate_per_second) == ("rise", 3, 50)
    found = decide([first, *spoilt], SearchSettings(first_rate=50))
    assert isinstance(found, Found)
    assert (found.why == DEATH) == bool(problem)
    assert found.generator_bound == (not problem)


def test_a_rise_ends_at_the_highest_rate_allowed() -> None:
    trials, found = search(lambda _: True, SearchSettings(highest_rate=100))
    assert rates(trials, "rise")[-1] == 100
    assert found.held == 100


def test_no_more_trials_are_made_than_allowed() -> None:
    trials, found = search(lambda rate: rate < LIMIT, SearchSettings(most_trials=7))
    assert len(trials) == 7
    assert "7 trials" in found.why


@pytest.mark.parametrize("budget", [60.0, 300.0, 1200.0])
def test_a_time_budget_is_kept_and_its_larger_part_is_the_holds(budget: float) -> None:
    settings = SearchSettings(time_budget_seconds=budget)
    trials, _ = search(lambda rate: rate < LIMIT, settings, overhead=3)
    left = seconds_left(trials, settings)
    assert left is not None
    assert left >= 0
    held = [each.took_seconds for each in trials if each.plan.step == "hold"]
    assert sum(held) > 0.35 * budget


def test_an_interval_that_is_narrow_early_ends_no_search() -> None:
    """It may be narrow by chance."""
    steep = made_up.trial
    trials = [steep(1, "baseline", 10, 0), steep(2, "rise", 80, 0.0001), steep(3, "bisect", 120, 0.5)]
    trials += [steep(4 + n, "hold", rate, share) for n, (rate, share) in
               enumerate([(100, 0.01), (90, 0.001), (110, 0.1)] * 3)]  # fmt: skip
    known = estimate(trials)
    assert known is not None
    assert known.width < 0.05
    assert isinstance(decide(trials, SearchSettings()), TrialPlan)


def test_trials_of_few_phones_are_not_asked_to_tell_close_rates_apart() -> None:
    few = [made_up.trial(1, "baseline", 10, 0), made_up.trial(2, "rise", 100, 0),
           made_up.trial(3, "rise", 120, 0.2)]  # fmt: skip
    few = [made_up.changed(each, phones=25) for each in few]
    plan = decide(few, SearchSettings())
    assert isinstance(plan, TrialPlan)
    assert plan.step == "hold"


@pytest.mark.parametrize("made", range(12))
def test_a_search_goes_on_from_the_trials_it_has(made: int) -> None:
    whole, _ = search(lambda rate: rate < LIMIT, SearchSettings())
    kept = msgspec.json.decode(msgspec.json.encode(whole[:made]), type=list[Trial])
    assert decide(kept, SearchSettings()) == whole[made].plan


def baseline(phones: int, late: int) -> Trial:
    one = made_up.trial(1, "baseline", 10.0, late / phones)
    (margin,) = one.margins
    return made_up.changed(one, margins=[msgspec.structs.replace(margin, phones=phones)])


def test_a_slow_phone_among_few_one_at_a_time_does_not_end_the_search() -> None:
    plan = decide([baseline(phones=16, late=1)], SearchSettings())
    assert isinstance(plan, TrialPlan)
    assert plan.step == "rise"


def test_more_slow_phones_one_at_a_time_than_chance_explains_end_it() -> None:
    found = decide([baseline(phones=16, late=3)], SearchSettings())
    assert isinstance(found, Found)
    assert found.why == "a rule is broken by one phone at a time already"


def test_a_rule_that_allows_none_is_broken_by_one() -> None:
    one = made_up.changed(baseline(phones=16, late=1), margins=[])
    assert isinstance(decide([one], SearchSettings()), Found)
