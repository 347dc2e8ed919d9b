"""Twenty searches for a capacity that queueing theory knows (M/M/c): how often the interval holds it."""

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from loadtests.capacity.estimate import Estimate, estimate
from loadtests.capacity.search import SearchSettings, decide
from loadtests.capacity.trial import Trial, TrialPlan
from tests.loadtests.capacity.queueing import bench, true_limit

SEEDS = 20
HITS = 18


@pytest.mark.timeout(900)
@pytest.mark.parametrize("workers", [1, 2, 4])
def test_the_interval_holds_the_truth_in_18_of_20_searches(benchmark: BenchmarkFixture, workers: int) -> None:
    found: list[Estimate | None] = []
    benchmark.pedantic(  # type: ignore[no-untyped-call]
        lambda: found.extend(search(workers, seed) for seed in range(SEEDS))
    )
    truth = true_limit(workers)
    known = [each for each in found if each is not None]
    hits = sum(each.low <= truth <= each.high for each in known)
    widths = sorted(each.width for each in known)
    benchmark.extra_info.update(truth=truth, hits=hits, median_width=widths[len(widths) // 2])
    assert hits >= HITS


def search(workers: int, seed: int) -> Estimate | None:
    table, trials = bench(workers, seed), list[Trial]()
    settings = SearchSettings(settle_seconds=20, least_phones_held=10_000)
    while isinstance(plan := decide(trials, settings), TrialPlan):
        trials.append(table.trial(plan))
    return estimate(trials)
