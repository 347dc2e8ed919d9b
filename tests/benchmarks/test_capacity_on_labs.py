"""Searches on real labs whose capacity, and whose first limit, are known: minutes each, on an idle machine.

Service times are long enough for what the chain itself takes to be little beside them.
"""

import itertools
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import click
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from loadtests.capacity.estimate import estimate
from loadtests.capacity.result import Capacity
from loadtests.capacity.search import SearchSettings
from loadtests.capacity.trial import Trial, TrialPlan
from tests.benchmarks.known_lab import (
    KNOWN_LIMIT_SECONDS,
    KNOWN_MEAN_SECONDS,
    KNOWN_WORKERS,
    LIMIT_SECONDS,
    LOGIN,
    MEAN_SECONDS,
    NAMED_SECONDS,
    POOL,
    QUICK_SECONDS,
    SIGNING,
    SUBMIT,
    blocking,
    knee_bench,
    searched,
)
from tests.benchmarks.sweeping import search, sweep
from tests.benchmarks.swept_lab import side_by_side
from tests.loadtests.capacity.queueing import true_limit

SEEDS, HITS = 20, 18
# The sweep holds each rate twice, for a minute, two rates at once: one by one that would be 80 minutes.
KNEE_SECONDS, KNEE_RATES_AT_ONCE = 600.0, 2
KNEE_SWEEP = SearchSettings(settle_seconds=10, hold_seconds=60, least_phones_held=1, holds=2)
# Labs that all start in the same second starve each other; once started they mostly wait.
APART_SECONDS = 5.0


@pytest.mark.timeout(900)
@pytest.mark.parametrize("workers", [1, 2, 4])
def test_workers_of_the_ra_are_named_with_the_ceiling_that_they_have(
    benchmark: BenchmarkFixture, tmp_path: Path, workers: int
) -> None:
    found: list[Capacity] = []
    benchmark.pedantic(  # type: ignore[no-untyped-call]
        lambda: found.append(searched(tmp_path, blocking(workers), SUBMIT, NAMED_SECONDS))
    )
    truth = true_limit(workers, MEAN_SECONDS, LIMIT_SECONDS, late=0.05)
    evidence = found[0].evidence
    benchmark.extra_info.update(
        truth=truth, interval=found[0].interval_95, evidence=[each.says for each in evidence]
    )
    assert found[0].bottleneck == "ra_workers"
    assert evidence[0].ceiling_per_second == pytest.approx(workers / MEAN_SECONDS, rel=0.3)


@pytest.mark.timeout(3600)
def test_the_interval_holds_the_truth_in_18_of_20_searches_on_labs(
    benchmark: BenchmarkFixture, tmp_path: Path
) -> None:
    truth, found = true_limit(KNOWN_WORKERS, KNOWN_MEAN_SECONDS, KNOWN_LIMIT_SECONDS, late=0.05), list[str]()

    def run(seed: int) -> str:
        time.sleep(seed * APART_SECONDS)
        command = [sys.executable, "-m", "tests.benchmarks.known_lab", str(seed), str(tmp_path / str(seed))]
        said = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()
        (tmp_path / f"{seed}.log").write_text("\n".join(said))
        return said[-1]

    def all_of_them() -> None:
        with ThreadPoolExecutor(SEEDS) as executor:
            found.extend(executor.map(run, range(SEEDS)))

    benchmark.pedantic(all_of_them)  # type: ignore[no-untyped-call]
    click.echo("\n".join(itertools.chain([f"truth {truth:.3f}/s"], found)))
    intervals = [tuple(map(float, line.split())) for line in found if not line.startswith("none")]
    hits = sum(low <= truth <= high for low, _, high in intervals)
    benchmark.extra_info.update(truth=truth, hits=hits, intervals=intervals)
    assert hits >= HITS


@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("ra", "capacity", "part", "stage"),
    [
        (blocking(8), SIGNING, "ca_signing", "submit"),
        (blocking(2), LOGIN, "ra_workers", "login"),
        (POOL, SUBMIT, "ra_pool", "submit"),
    ],
    ids=["signing lock", "slow login", "pool"],
)
def test_what_gives_first_is_named(
    benchmark: BenchmarkFixture, tmp_path: Path, ra: str, capacity: str, part: str, stage: str
) -> None:
    found: list[Capacity] = []
    benchmark.pedantic(  # type: ignore[no-untyped-call]
        lambda: found.append(searched(tmp_path, ra, capacity, QUICK_SECONDS))
    )
    benchmark.extra_info.update(evidence=[each.says for each in found[0].evidence])
    assert found[0].evidence[0].part == part
    assert found[0].bottleneck_stage == stage


@pytest.mark.timeout(3600)
def test_the_knee_of_a_lab_is_that_of_an_exhaustive_sweep_in_a_fifth_of_its_time(
    benchmark: BenchmarkFixture, tmp_path: Path
) -> None:
    table, searched_for, swept = knee_bench(tmp_path), list[Trial](), list[Trial]()
    quick = SearchSettings(settle_seconds=10, time_budget_seconds=KNEE_SECONDS)
    benchmark.pedantic(lambda: searched_for.extend(search(table, quick)))  # type: ignore[no-untyped-call]
    known = estimate(searched_for)

    def make(plans: Sequence[TrialPlan]) -> list[Trial]:
        return side_by_side(tmp_path, plans)

    knee = sweep(make, KNEE_SWEEP, searched_for[0].throughput_per_second, swept, KNEE_RATES_AT_ONCE)
    for trial in itertools.chain(searched_for, swept):
        click.echo(f"{trial.plan.step} {trial.rate_per_second:.2f}/s: {trial.met}, {trial.margins}")
    took, would_take = (
        sum(trial.took_seconds for trial in searched_for),
        one_after_the_other(swept, searched_for),
    )
    assert known is not None
    benchmark.extra_info.update(
        searched=known.rate_per_second, interval=[known.low, known.high], swept=knee,
        off=known.rate_per_second / knee - 1, share_of_time=took / would_take,
        trials=[len(searched_for), len(swept)],
    )  # fmt: skip
    click.echo(str(benchmark.extra_info))
    assert known.rate_per_second == pytest.approx(knee, rel=0.10)
    assert took <= would_take / 5


def one_after_the_other(side_by_side: Sequence[Trial], alone: Sequence[Trial]) -> float:
    """Seconds: labs that start beside each other take longer to start than one alone."""
    planned = [trial.plan.settle_seconds + trial.plan.measured_seconds for trial in side_by_side]
    besides = statistics.median(
        trial.took_seconds - trial.plan.settle_seconds - trial.plan.measured_seconds
        for trial in alone
        if not trial.cut_short and trial.plan.rate_per_second
    )
    return sum(planned) + len(planned) * besides
