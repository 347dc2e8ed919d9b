"""Searches on simulated chains: for a capacity that queueing theory knows (M/M/c), and beside a sweep."""

import statistics

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from loadtests.capacity.estimate import Estimate, estimate
from loadtests.capacity.search import SearchSettings
from loadtests.capacity.simulated import SimulatedBench
from loadtests.capacity.trial import Trial
from loadtests.results.slo import parse_all
from loadtests.simulation.settings import ChainModel
from testbed.ca.capacity_settings import CapacitySettings, ConstantTime, ExponentialTime, LognormalTime
from testbed.ra.settings import RaSettings
from tests.benchmarks.sweeping import search, sweep
from tests.loadtests.capacity.queueing import bench, true_limit

SEEDS = 20
HITS = 18
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


@pytest.mark.timeout(900)
def test_the_knee_is_that_of_an_exhaustive_sweep_in_a_fifth_of_its_time(benchmark: BenchmarkFixture) -> None:
    table = SimulatedBench(CES, parse_all(CES_RULES), seed=1)
    settings = SearchSettings(settle_seconds=20)
    searched, swept = list[Trial](), list[Trial]()
    benchmark.pedantic(lambda: searched.extend(search(table, settings)))  # type: ignore[no-untyped-call]
    known = estimate(searched)
    knee = sweep(table, settings, searched[0].throughput_per_second, swept)
    times = [sum(trial.took_seconds for trial in trials) for trials in (searched, swept)]
    assert known is not None
    benchmark.extra_info.update(
        searched=known.rate_per_second, swept=knee, off=known.rate_per_second / knee - 1,
        share_of_time=times[0] / times[1], trials=[len(searched), len(swept)],
    )  # fmt: skip
    assert known.rate_per_second == pytest.approx(knee, rel=WITHIN)
    assert times[0] <= SHARE_OF_TIME * times[1]
