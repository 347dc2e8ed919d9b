"""Searches on real labs whose capacity, and whose first limit, are known: minutes each, on an idle machine.

Service times are long enough for what the chain itself takes to be little beside them.
"""

import itertools
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import click
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from loadtests.capacity.result import Capacity
from tests.benchmarks.known_lab import (
    KNOWN_SECONDS,
    LIMIT_SECONDS,
    LOGIN,
    MEAN_SECONDS,
    QUICK_SECONDS,
    SIGNING,
    SUBMIT,
    searched,
)
from tests.loadtests.capacity.queueing import true_limit

SEEDS, HITS, AT_ONCE = 20, 18, 5


@pytest.mark.timeout(900)
@pytest.mark.parametrize("workers", [1, 2, 4])
def test_the_interval_holds_what_queueing_theory_says_of_so_many_workers(
    benchmark: BenchmarkFixture, tmp_path: Path, workers: int
) -> None:
    found: list[Capacity] = []
    benchmark.pedantic(  # type: ignore[no-untyped-call]
        lambda: found.append(searched(tmp_path, workers, SUBMIT, KNOWN_SECONDS))
    )
    truth = true_limit(workers, MEAN_SECONDS, LIMIT_SECONDS, late=0.05)
    interval, evidence = found[0].interval_95, found[0].evidence
    benchmark.extra_info.update(truth=truth, interval=interval, evidence=[each.says for each in evidence])
    assert interval is not None
    assert interval[0] <= truth <= interval[1]
    assert found[0].bottleneck == "ra_workers"
    assert evidence[0].ceiling_per_second == pytest.approx(workers / MEAN_SECONDS, rel=0.3)


@pytest.mark.timeout(3600)
def test_the_interval_holds_the_truth_in_18_of_20_searches_on_labs(
    benchmark: BenchmarkFixture, tmp_path: Path
) -> None:
    workers, truth, found = 2, true_limit(2, MEAN_SECONDS, LIMIT_SECONDS, late=0.05), list[list[str]]()

    def run(seed: int) -> list[str]:
        arguments = [str(workers), str(seed), str(tmp_path / str(seed))]
        command = [sys.executable, "-m", "tests.benchmarks.known_lab", *arguments]
        return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()

    def all_of_them() -> None:
        with ThreadPoolExecutor(AT_ONCE) as executor:
            found.extend(executor.map(run, range(1, SEEDS + 1)))

    benchmark.pedantic(all_of_them)  # type: ignore[no-untyped-call]
    said = [lines[-1] for lines in found]
    click.echo("\n".join(itertools.chain([f"truth {truth:.3f}/s"], said)))
    intervals = [tuple(map(float, line.split())) for line in said if not line.startswith("none")]
    hits = sum(low <= truth <= high for low, high in intervals)
    benchmark.extra_info.update(truth=truth, hits=hits, intervals=intervals)
    assert hits >= HITS


@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("workers", "capacity", "part", "stage"),
    [(8, SIGNING, "ca_signing", "submit"), (2, LOGIN, "ra_workers", "login")],
    ids=["signing lock", "slow login"],
)
def test_what_gives_first_is_named(
    benchmark: BenchmarkFixture, tmp_path: Path, workers: int, capacity: str, part: str, stage: str
) -> None:
    found: list[Capacity] = []
    benchmark.pedantic(  # type: ignore[no-untyped-call]
        lambda: found.append(searched(tmp_path, workers, capacity, QUICK_SECONDS))
    )
    benchmark.extra_info.update(evidence=[each.says for each in found[0].evidence])
    assert found[0].evidence[0].part == part
    assert found[0].bottleneck_stage == stage
