"""Runs that are alike raise no alarm, runs that are worse do."""

import math

import numpy as np
import pytest

from loadtests.comparison.finding import Finding, Verdict
from loadtests.comparison.sides import NEVER, ONE_QUEUE, ONE_RUN, Comparison
from tests.loadtests.comparison.storms import observed

pytestmark = pytest.mark.long

PAIRS = 200
PHONES = 300


def by_metric(findings: list[Finding]) -> dict[str, Finding]:
    return {each.metric: each for each in findings}


def regressions(findings: list[Finding]) -> list[str]:
    return [each.metric for each in findings if each.verdict is Verdict.REGRESSION]


def test_of_200_pairs_of_runs_that_are_alike_at_most_5_percent_raise_an_alarm() -> None:
    alarms = [
        regressions(Comparison().of([observed(2 * pair, PHONES)], [observed(2 * pair + 1, PHONES)]))
        for pair in range(PAIRS)
    ]
    assert sum(map(bool, alarms)) <= 0.05 * PAIRS


def test_runs_that_are_one_long_queue_raise_no_more_alarms_than_others() -> None:
    runs = [observed(seed, PHONES, load=1.0) for seed in range(200)]
    alarms = [
        regressions(Comparison().of([one], [two])) for one, two in zip(runs[::2], runs[1::2], strict=True)
    ]
    assert sum(map(bool, alarms)) <= 0.05 * len(alarms)


def test_latencies_of_one_long_queue_cannot_be_told_apart_and_have_no_interval() -> None:
    found = by_metric(Comparison().of([observed(1, load=1.0)], [observed(2, load=1.0)]))["latency p50"]
    assert (found.verdict, found.note) == (Verdict.UNCLEAR, ONE_QUEUE)
    assert (found.low, found.high) == (None, None)


def test_a_fifth_more_time_is_a_regression_of_latency() -> None:
    found = Comparison().of([observed(1, 4000)], [observed(2, 4000, slower=1.2)])
    assert "latency p50" in regressions(found)


def test_a_fifth_less_time_is_an_improvement() -> None:
    found = by_metric(Comparison().of([observed(2, 4000, slower=1.2)], [observed(1, 4000)]))
    assert found["latency p50"].verdict is Verdict.IMPROVEMENT


def test_what_is_significant_but_within_the_tolerance_is_no_regression() -> None:
    runs = [observed(1, 4000, load=0.3)], [observed(2, 4000, load=0.3, slower=1.2)]
    assert regressions(Comparison(tolerance=0.01).of(*runs)) != []
    assert regressions(Comparison(tolerance=0.9).of(*runs)) == []
    assert by_metric(Comparison(tolerance=0.9).of(*runs))["latency p50"].verdict is Verdict.SAME


def test_a_run_that_keeps_up_no_longer_is_a_regression_of_throughput() -> None:
    found = Comparison().of([observed(1, 2000, load=0.9)], [observed(2, 2000, load=0.9, slower=1.6)])
    assert "throughput" in regressions(found)


def test_phones_that_fail_now_are_a_regression_by_kind() -> None:
    found = Comparison().of([observed(1)], [observed(2, failing=0.03)])
    assert {"phones that never enrolled", "phones that met EST_ERR_SSL_READ", "orphans per phone"} <= set(
        regressions(found)
    )


def test_failures_of_two_runs_that_are_one_long_queue_each_cannot_be_told_apart() -> None:
    calm, failing = observed(3, load=1.0), observed(4, load=1.0, failing=0.1)
    found = by_metric(Comparison().of([calm], [failing]))["phones that never enrolled"]
    assert (found.verdict, found.note) == (Verdict.UNCLEAR, ONE_QUEUE)


def test_failures_of_an_overloaded_run_are_found_when_the_baseline_is_calm() -> None:
    calm, failing = observed(1, load=0.5), observed(2, load=0.5, slower=2.0, failing=0.1)
    assert "phones that never enrolled" in regressions(Comparison().of([calm], [failing]))


def test_a_single_failure_more_is_none() -> None:
    assert regressions(Comparison().of([observed(1)], [observed(2, failing=0.001)])) == []


def test_noise_from_run_to_run_is_reckoned_with_when_there_are_several_runs() -> None:
    alarms = 0
    for number in range(20):
        seeds = range(6 * number, 6 * number + 6)
        runs = [observed(seed, 200, run_noise=0.2) for seed in seeds]
        alarms += bool(regressions(Comparison().of(runs[:3], runs[3:])))
    assert alarms <= 2


def test_an_interval_of_several_runs_holds_the_truth_that_one_run_a_side_cannot() -> None:
    runs = [observed(seed, 400, run_noise=0.3) for seed in range(6)]
    several = by_metric(Comparison().of(runs[:3], runs[3:]))["latency p50"]
    assert several.low is not None
    assert several.high is not None
    assert several.low < 1 < several.high


def test_cpu_time_of_one_run_a_side_is_shown_and_not_judged() -> None:
    found = by_metric(
        Comparison().of([observed(1, cpu_seconds={"RA": 5.0})], [observed(2, cpu_seconds={"RA": 9.0})])
    )
    cpu = found["CPU of RA per enrollment"]
    assert (cpu.verdict, cpu.note) == (Verdict.NOT_JUDGED, ONE_RUN)
    assert cpu.ratio == pytest.approx(1.8)


def test_cpu_time_of_several_runs_is_judged() -> None:
    before = [observed(seed, cpu_seconds={"RA": 5.0 + 0.02 * seed}) for seed in range(3)]
    after = [observed(seed, cpu_seconds={"RA": 7.0 + 0.02 * seed}) for seed in range(3, 6)]
    assert "CPU of RA per enrollment" in regressions(Comparison().of(before, after))


def test_runs_whose_cpu_times_read_the_same_are_not_taken_for_the_same() -> None:
    before = [observed(seed, 200, cpu_seconds={"RA": 0.20}) for seed in range(2)]
    after = [observed(2, 200, cpu_seconds={"RA": 0.22})]
    found = by_metric(Comparison().of(before, after))["CPU of RA per enrollment"]
    assert found.verdict is Verdict.UNCLEAR
    assert found.low is not None
    assert found.high is not None
    assert found.low < 1 < found.high


def test_what_happened_in_no_run_is_the_same_and_has_no_interval() -> None:
    found = by_metric(Comparison().of([observed(1)], [observed(2)]))["phones that never enrolled"]
    assert (found.verdict, found.note) == (Verdict.SAME, NEVER)
    assert (found.ratio, found.low, found.high) == (None, None, None)


def test_a_run_without_enrollments_is_told_and_not_measured() -> None:
    found = by_metric(Comparison().of([observed(1)], [observed(2, failing=1.0)]))
    assert found["latency p99"].verdict is Verdict.NOT_JUDGED
    assert found["phones that never enrolled"].verdict is Verdict.REGRESSION


def test_the_same_runs_and_seed_give_the_same_findings() -> None:
    runs = [observed(1)], [observed(2)]
    assert Comparison(seed=4).of(*runs) == Comparison(seed=4).of(*runs)


def test_a_stall_as_long_as_a_block_can_be_is_called_unclear_and_not_a_regression() -> None:
    calm, stalled = observed(1, 2000), observed(2, 2000)
    stalled.latencies[:700] *= 3
    found = by_metric(Comparison().of([calm], [stalled]))["latency p95"]
    assert found.verdict is not Verdict.REGRESSION
    assert found.ratio is not None
    assert math.log(found.ratio) > np.log(1.3)
