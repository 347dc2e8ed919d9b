import polars as pl
import pytest

from loadtests.capacity.simulated import measures_of
from loadtests.capacity.trial import TrialPlan
from loadtests.simulation.forecast import simulate
from loadtests.simulation.ledger import Outcome
from loadtests.simulation.settings import ChainModel
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


def test_a_phone_counts_by_its_last_try_in_whatever_order_tries_are() -> None:
    enrolled, cut = Outcome.ENROLLED, Outcome.TIMED_OUT
    rows = {
        "phone": [3, 0, 3, 0, 7],
        "started": [20.0, 0.0, 1.0, 9.0, 5.0],
        "ended": [21.0, 8.0, 11.0, 19.0, 6.0],
        "outcome": [enrolled, cut, cut, cut, enrolled],
    }
    types = {"phone": pl.UInt32, "started": pl.Float64, "ended": pl.Float64, "outcome": pl.UInt8}
    forecast = simulate(ChainModel(), iter([0.0]))
    found = measures_of(forecast, pl.DataFrame(rows, schema=types), 21.0)
    assert (found.phones.intended, found.phones.enrolled, found.phones.failed) == (3, 2, 1)
    assert found.outcomes == {"EST_ERR_NONE": 2, "EST_ERR_SSL_READ": 1}
    assert found.attempts.outcomes == {"EST_ERR_NONE": 2, "EST_ERR_SSL_READ": 3}


def test_tries_of_nobody_are_measured_as_none() -> None:
    forecast = simulate(ChainModel(), iter([0.0]))
    found = measures_of(forecast, forecast.tries.clear(), 1.0)
    assert (found.phones.intended, found.outcomes, found.latency_seconds) == (0, {}, None)
