import msgspec
import pytest

from loadtests.capacity.trial import Trial
from loadtests.scaling.pooling import pools
from tests.loadtests.report.capacity_run import trial


def offered(rate: float, phones: int = 1000, **known: object) -> Trial:
    return msgspec.structs.replace(trial(2, "hold", rate), phones=phones, **known)


def test_trials_at_like_rates_are_taken_together_the_lowest_rate_first() -> None:
    found = pools([offered(40), offered(10), offered(41), offered(45), offered(10.5)])
    assert [[each.rate_per_second for each in pool.trials] for pool in found] == [[10, 10.5], [40, 41], [45]]


def test_a_trial_weighs_as_much_as_it_has_phones() -> None:
    (pool,) = pools([offered(10, 100, latency_p50_seconds=1.0), offered(10, 300, latency_p50_seconds=2.0)])
    assert pool.mean(lambda each: each.latency_p50_seconds) == pytest.approx(1.75)


def test_what_no_trial_has_has_no_mean() -> None:
    (pool,) = pools([offered(10, latency_p99_seconds=None)])
    assert pool.mean(lambda each: each.latency_p99_seconds) is None


def test_a_baseline_and_what_says_nothing_are_left_out() -> None:
    assert pools([trial(1, "baseline", None), offered(10, problem="the CA died")]) == []
