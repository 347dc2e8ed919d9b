"""Searches on simulated chains: for a capacity that queueing theory knows (M/M/c), and beside a sweep."""

import statistics

import click
import msgspec
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from loadtests.capacity.estimate import Estimate, estimate
from loadtests.capacity.search import SearchSettings
from loadtests.capacity.simulated import SimulatedBench
from loadtests.capacity.trial import Trial, TrialPlan
from loadtests.results.slo import parse_all
from loadtests.simulation.settings import ChainModel
from testbed.ca.capacity_settings import CapacitySettings, ConstantTime, ExponentialTime, LognormalTime
from testbed.ra.settings import RaSettings
from tests.benchmarks.sweeping import one_by_one, search, sweep
from tests.loadtests.capacity.queueing import bench, true_limit

SEEDS = 20
HITS = 18
FEW_SEEDS, FEW_HITS = 40, 35
FEW_RULE = "latency_p95_seconds <= 1s"
# What a lab's start and end take, and a baseline with it.
START_SECONDS, BASELINE_SECONDS = 4.5, 8.0
WITHIN = 0.10
SHARE_OF_TIME = 0.2
HELD = SearchSettings(settle_seconds=20, least_phones_held=10_000)
# CES as it comes: five workers, each behind logins, two connections, and one signing device.
CES = ChainModel(
    CapacitySettings(
        workers=8, login=ExponentialTime(0.05), form=ConstantTime(0.01), submit=LognormalTime(0.1, 0.5),
        download=ConstantTime(0.01), signing=ExponentialTime(0.03),
    ),
    RaSettings(),
)  # fmt: skip
CES_RULES = ("latency_p99_seconds <= 2s", "enrolled_share >= 99%")


@pytest.mark.timeout(900)
@pytest.mark.parametrize("workers", [1, 2, 4])
def test_the_interval_holds_the_truth_in_18_of_20_searches(benchmark: BenchmarkFixture, workers: int) -> None:
    found: list[Estimate | None] = []
    benchmark.pedantic(  # type: ignore[no-untyped-call]
        lambda: found.extend(estimate(search(bench(workers, seed), HELD)) for seed in range(SEEDS))
    )
    truth = true_limit(workers)
    known = [each for each in found if each is not None]
    hits = sum(each.low <= truth <= each.high for each in known)
    widths = [each.width for each in known]
    off = [abs(each.rate_per_second / truth - 1) for each in known]
    benchmark.extra_info.update(
        truth=truth, hits=hits, median_width=statistics.median(widths), median_off=statistics.median(off)
    )
    assert hits >= HITS


class SlowToStart:
    """A bench whose trials begin with a lab's start, which the time budget has to pay."""

    def __init__(self, bench: SimulatedBench) -> None:
        self._bench = bench

    def trial(self, plan: TrialPlan) -> Trial:
        made = self._bench.trial(plan)
        baseline = plan.rate_per_second is None
        took = BASELINE_SECONDS if baseline else made.took_seconds + START_SECONDS
        return msgspec.structs.replace(made, took_seconds=took)


@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("workers", "mean_seconds", "budget_seconds"),
    [(1, 0.1, 600), (1, 0.25, 600), (2, 0.25, 180), (2, 0.25, 600), (4, 0.25, 600)],
)
def test_the_interval_of_a_search_that_sees_few_phones_holds_the_truth(
    benchmark: BenchmarkFixture, workers: int, mean_seconds: float, budget_seconds: float
) -> None:
    settings, found = SearchSettings(time_budget_seconds=budget_seconds), list[Estimate]()

    def all_of_them() -> None:
        for seed in range(FEW_SEEDS):
            table = SlowToStart(bench(workers, seed, mean_seconds, FEW_RULE))
            known = estimate(search(table, settings))
            assert known is not None
            found.append(known)

    benchmark.pedantic(all_of_them)  # type: ignore[no-untyped-call]
    truth = true_limit(workers, mean_seconds, late=0.05)
    hits = sum(each.low <= truth <= each.high for each in found)
    benchmark.extra_info.update(
        truth=truth, hits=hits, half_width=statistics.median(each.width for each in found) / 2,
        weighed=sum(each.method == "weighing" for each in found),
    )  # fmt: skip
    click.echo(str(benchmark.extra_info))
    assert hits >= FEW_HITS


@pytest.mark.timeout(900)
def test_the_knee_is_that_of_an_exhaustive_sweep_in_a_fifth_of_its_time(benchmark: BenchmarkFixture) -> None:
    table = SimulatedBench(CES, parse_all(CES_RULES), seed=1)
    settings = SearchSettings(settle_seconds=20)
    searched, swept = list[Trial](), list[Trial]()
    benchmark.pedantic(lambda: searched.extend(search(table, settings)))  # type: ignore[no-untyped-call]
    known = estimate(searched)
    knee = sweep(one_by_one(table), settings, searched[0].throughput_per_second, swept)
    times = [sum(trial.took_seconds for trial in trials) for trials in (searched, swept)]
    assert known is not None
    benchmark.extra_info.update(
        searched=known.rate_per_second, swept=knee, off=known.rate_per_second / knee - 1,
        share_of_time=times[0] / times[1], trials=[len(searched), len(swept)],
    )  # fmt: skip
    assert known.rate_per_second == pytest.approx(knee, rel=WITHIN)
    assert times[0] <= SHARE_OF_TIME * times[1]
