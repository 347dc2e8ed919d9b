"""`python -m tests.benchmarks.known_lab SEED FOLDER`: one search on a lab whose capacity is known.

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
NAMED_SECONDS, QUICK_SECONDS = 180.0, 60.0
# Where the interval is held against theory, what the chain itself takes (a hundredth of a second of a worker)
# must be little beside the service time.
KNOWN_WORKERS, KNOWN_MEAN_SECONDS, KNOWN_LIMIT_SECONDS = 2, 1.0, 4.0
KNOWN_SECONDS, KNOWN_SETTLE_SECONDS = 1500.0, 15.0
SCENARIO = """
seed = 3
[phones]
key = "p-256"
read_timeout_seconds = 60
[arrivals]
shape = "poisson"
{ra}
[ca.capacity]
{capacity}
"""
# An RA that waits for the CA on behalf of any number of phones, with two connections.
POOL = """\
[ra.workers]
model = "async"
[ra.connections]
reuse_connections = true
pool_size = 2
"""
EXPONENTIAL = 'submit = {{ kind = "exponential", mean_seconds = {mean_seconds} }}'
SUBMIT = EXPONENTIAL.format(mean_seconds=MEAN_SECONDS)
# Times that scatter as they do in earnest, and are long beside what else the machine does: a knee near 13/s.
KNEE_WORKERS, KNEE_LIMIT_SECONDS = 4, 2.0
LOGNORMAL = 'submit = { kind = "lognormal", median_seconds = 0.25, sigma = 0.5 }'
SIGNING = f'workers = 8\nsigning = {{ kind = "exponential", mean_seconds = {MEAN_SECONDS} }}'
LOGIN = f'login = {{ kind = "constant", seconds = {MEAN_SECONDS} }}'


def blocking(workers: int) -> str:
    """An RA of so many workers that block, as a scenario has it."""
    return f'[ra.workers]\nmodel = "blocking"\nprocesses = {workers}\n'


def searched(
    folder: Path,
    ra: str,
    capacity: str,
    seconds: float,
    seed: int = SEED,
    *,
    limit_seconds: float = LIMIT_SECONDS,
    settle_seconds: float = 3.0,
) -> Capacity:
    scenario = parse_scenario(SCENARIO.format(ra=ra, capacity=capacity), "here")
    asked = Searched(
        scenario="known", target="", rules=[f"latency_p95_seconds <= {limit_seconds}s"], seed=seed,
        started=datetime.now(UTC), machine=Machine(2, scenario.ra.workers.process_count),
        settings=SearchSettings(time_budget_seconds=seconds, settle_seconds=settle_seconds),
    )  # fmt: skip
    search = SearchFolder(folder)
    search.begin(scenario, asked)
    display = SearchDisplay(print, lambda _: None)
    bench = StormBench(scenario, parse_all(asked.rules), seed, search.trials_folder, display)
    return Search(asked, search, display, bench).run()


def knee_bench(folder: Path) -> StormBench:
    scenario = parse_scenario(SCENARIO.format(ra=blocking(KNEE_WORKERS), capacity=LOGNORMAL), "here")
    rules = parse_all([f"latency_p95_seconds <= {KNEE_LIMIT_SECONDS}s", "enrolled_share >= 99%"])
    return StormBench(scenario, rules, SEED, folder, SearchDisplay(lambda _: None, lambda _: None))


def main() -> None:
    """Print the interval with the answer in its middle, or a line that says why there is none."""
    seed, folder = int(sys.argv[1]), Path(sys.argv[2])
    folder.mkdir()
    found = searched(
        folder, blocking(KNOWN_WORKERS), EXPONENTIAL.format(mean_seconds=KNOWN_MEAN_SECONDS),
        KNOWN_SECONDS, seed, limit_seconds=KNOWN_LIMIT_SECONDS, settle_seconds=KNOWN_SETTLE_SECONDS,
    )  # fmt: skip
    if found.interval_95 is None:
        click.echo(f"none: {found.why}")
    else:
        low, high = found.interval_95
        click.echo(f"{low} {found.sustainable_rate_per_second} {high}")


if __name__ == "__main__":
    main()
