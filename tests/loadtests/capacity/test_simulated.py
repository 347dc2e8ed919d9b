import pytest

from loadtests.capacity.trial import TrialPlan
from tests.loadtests.capacity.queueing import LIMIT_SECONDS, MEAN_SECONDS, bench, true_limit


def test_a_baseline_has_one_phone_at_a_time() -> None:
    trial = bench(workers=4, seed=1).trial(TrialPlan("baseline", 1, None, 0, 15))
    assert trial.met
    assert trial.throughput_per_second == pytest.approx(1 / MEAN_SECONDS, rel=0.4)


def test_a_trial_below_the_limit_holds_and_one_above_it_breaks() -> None:
    table, limit = bench(workers=4, seed=1), true_limit(4)
    below = table.trial(TrialPlan("hold", 2, 0.85 * limit, 20, 200))
    above = table.trial(TrialPlan("hold", 3, 1.13 * limit, 20, 200))
    assert below.met
    assert not above.met
    assert above.latency_p99_seconds is not None
    assert above.latency_p99_seconds > LIMIT_SECONDS


def test_phones_that_start_while_it_settles_are_not_measured() -> None:
    trial = bench(workers=4, seed=1).trial(TrialPlan("hold", 2, 10, 50, 100))
    assert trial.phones == pytest.approx(1000, rel=0.1)


def test_it_says_how_busy_the_workers_were() -> None:
    trial = bench(workers=4, seed=1).trial(TrialPlan("hold", 2, 20, 20, 500))
    assert trial.usage.ra_workers == pytest.approx(0.5, abs=0.05)
    assert trial.usage.ca_signing is None


def test_the_same_seed_and_number_make_the_same_trial() -> None:
    plan = TrialPlan("hold", 2, 20, 20, 50)
    assert bench(2, seed=5).trial(plan) == bench(2, seed=5).trial(plan)
    assert bench(2, seed=5).trial(plan) != bench(2, seed=6).trial(plan)
