import math

import numpy as np
import pytest

from loadtests.capacity.estimate import estimate
from loadtests.capacity.search import SearchSettings, decide
from loadtests.capacity.trial import Trial, TrialPlan
from tests.loadtests.capacity.queueing import bench, true_limit
from tests.loadtests.capacity.trials import ALLOWED, RULE, changed, trial

pytestmark = pytest.mark.long

PHONES = 5000


def trials(slope: float, together: int = 1, seed: int = 1) -> list[Trial]:
    """Around a limit of 100: the share that is too slow grows with the rate; phones are slow `together`."""
    source = np.random.default_rng(seed)
    base = math.log(ALLOWED / (1 - ALLOWED))

    def share(rate: float) -> float:
        true = 1 / (1 + math.exp(-(base + slope * (rate / 100 - 1))))
        return float(source.binomial(PHONES // together, true) * together / PHONES)

    held = [100.0, 90.0, 110.0] * 4
    return [
        trial(1, "rise", 80, 0.004),
        trial(2, "bisect", 120, 0.05),
        *(trial(3 + n, "hold", rate, share(rate)) for n, rate in enumerate(held)),
    ]


def test_the_answer_is_the_rate_at_which_as_many_are_late_as_the_rule_allows() -> None:
    found = estimate(trials(slope=10))
    assert found is not None
    assert found.rate_per_second == pytest.approx(100, rel=0.03)
    assert (found.rule, found.method) == (RULE, "fit")


def test_the_interval_holds_the_truth_in_at_least_95_of_100_cases() -> None:
    found = [estimate(trials(slope=10, together=20, seed=seed)) for seed in range(200)]
    hits = sum(each is not None and each.low <= 100 <= each.high for each in found)
    assert hits >= 188


def test_phones_that_are_late_together_make_a_wider_interval() -> None:
    narrow, wide = estimate(trials(10)), estimate(trials(10, together=25))
    assert narrow is not None
    assert wide is not None
    assert narrow.width < wide.width


def test_where_trials_do_not_decide_a_slope_the_interval_says_how_little_is_known() -> None:
    shares = [0.02, 0.02, 0.002]
    made = [trial(1, "rise", 80, 0.004), trial(2, "bisect", 120, 0.05)]
    made += [trial(3 + n, "hold", rate, shares[n]) for n, rate in enumerate([100.0, 90.0, 110.0])]
    found = estimate(made)
    assert found is not None
    assert found.method == "weighing"
    assert found.low < 90
    assert found.high > 110


def test_a_trial_that_was_cut_short_says_something_where_few_trials_do() -> None:
    made = [trial(1, "rise", 80, 0.004), trial(2, "bisect", 120, 0.05)]
    found, cut = estimate(made), estimate([made[0], changed(made[1], cut_short="lost for certain")])
    assert found == cut


def test_of_a_rule_that_allows_none_all_that_is_known_is_where_trials_disagree() -> None:
    made = [changed(each, margins=[]) for each in (trial(1, "rise", 99, 0.0), trial(2, "bisect", 101, 0.05))]
    found = estimate(made)
    assert found is not None
    assert [found.rate_per_second, found.low, found.high] == pytest.approx([100, 90.9, 110], rel=1e-3)
    assert found.method == "bracket"


def test_without_a_break_there_is_no_limit() -> None:
    assert estimate([trial(1, "rise", 80, 0.005), trial(2, "rise", 160, 0.009)]) is None


def test_what_says_nothing_about_the_chain_moves_nothing() -> None:
    made = trials(slope=10)
    spoilt = [changed(trial(20, "hold", 70, 0.4), generator_bound=True), trial(21, "hold", 60, 0.4)]
    spoilt[1] = changed(spoilt[1], problem="the ca ended by itself")
    assert estimate([*made, *spoilt]) == estimate(made)


def test_the_capacity_of_a_queue_is_that_of_theory() -> None:
    table, made = bench(workers=2, seed=3), list[Trial]()
    settings = SearchSettings(settle_seconds=20, least_phones_held=3000)
    while isinstance(plan := decide(made, settings), TrialPlan):
        made.append(table.trial(plan))
    found = estimate(made)
    assert found is not None
    assert found.low <= true_limit(2) <= found.high
    assert found.width < 0.7
