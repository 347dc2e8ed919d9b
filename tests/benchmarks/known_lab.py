"""`python -m tests.benchmarks.known_lab WORKERS SEED FOLDER`: one search on a lab whose capacity is known.

It is a process of its own, so that several can be made side by side: their labs mostly wait.
"""

import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from loadtests.capacity.bottleneck import Machine
from loadtests.capacity.progress import SearchDisplay
from loadtests.capacity.result import Capacity, Searched
from loadtests.capacity.search import SearchSettings
from loadtests.capacity.search_folder import SearchFolder
from loadtests.capacity.searching import Search
from loadtests.capacity.storm_bench import StormBench
from loadtests.results.slo import parse_all
from loadtests.scenario import parse_scenario

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


def searched(folder: Path, workers: int, capacity: str, seconds: float, seed: int = SEED) -> Capacity:
    scenario = parse_scenario(SCENARIO.format(workers=workers, capacity=capacity), "here")
    asked = Searched(
        scenario="known", target="", rules=[RULE], seed=seed, started=datetime.now(UTC),
        settings=SearchSettings(time_budget_seconds=seconds, settle_seconds=3), machine=Machine(2, workers),
    )  # fmt: skip
    search = SearchFolder(folder)
    search.begin(scenario, asked)
    display = SearchDisplay(print, lambda _: None)
    bench = StormBench(scenario, parse_all(asked.rules), seed, search.trials_folder, display)
    return Search(asked, search, display, bench).run()


def main() -> None:
    """Print the interval as two numbers, or a line that says why there is none."""
    workers, seed, folder = int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])
    folder.mkdir()
    found = searched(folder, workers, SUBMIT, KNOWN_SECONDS, seed)
    low_high = found.interval_95
    click.echo(f"{low_high[0]} {low_high[1]}" if low_high else f"none: {found.why}")


if __name__ == "__main__":
    main()
