"""Searches on real labs whose capacity, and whose first limit, are known: minutes each, on an idle machine.

Service times are long enough for what the chain itself takes to be little beside them.
"""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from loadtests.capacity.bottleneck import Machine
from loadtests.capacity.progress import SearchDisplay
from loadtests.capacity.result import Capacity, Searched
from loadtests.capacity.search import SearchSettings
from loadtests.capacity.search_folder import SearchFolder
from loadtests.capacity.searching import Search
from loadtests.capacity.storm_bench import StormBench
from loadtests.results.slo import parse_all
from loadtests.scenario import parse_scenario
from tests.loadtests.capacity.queueing import true_limit

MEAN_SECONDS = 0.25
LIMIT_SECONDS = 1.0
SEED = 3
KNOWN_SECONDS, QUICK_SECONDS = 180.0, 60.0
RULE = f"latency_p95_seconds <= {LIMIT_SECONDS}s"
SCENARIO = """
seed = 3
[phones]
key = "p-256"
read_timeout_seconds = 60
[arrivals]
shape = "poisson"
[ra.workers]
model = "blocking"
processes = {workers}
[ca.capacity]
{capacity}
"""
SUBMIT = f'submit = {{ kind = "exponential", mean_seconds = {MEAN_SECONDS} }}'
SIGNING = f'workers = 8\nsigning = {{ kind = "exponential", mean_seconds = {MEAN_SECONDS} }}'
LOGIN = f'login = {{ kind = "constant", seconds = {MEAN_SECONDS} }}'


def searched(folder: Path, workers: int, capacity: str, seconds: float) -> Capacity:
    scenario = parse_scenario(SCENARIO.format(workers=workers, capacity=capacity), "here")
    asked = Searched(
        scenario="known", target="", rules=[RULE], seed=SEED, started=datetime.now(UTC),
        settings=SearchSettings(time_budget_seconds=seconds, settle_seconds=3), machine=Machine(2, workers),
    )  # fmt: skip
    search = SearchFolder(folder)
    search.begin(scenario, asked)
    display = SearchDisplay(print, lambda _: None)
    bench = StormBench(scenario, parse_all(asked.rules), SEED, search.trials_folder, display)
    return Search(asked, search, display, bench).run()


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
