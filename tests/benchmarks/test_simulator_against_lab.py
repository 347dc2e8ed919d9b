"""The simulator beside the lab: the same phones at the same times, on chains that nothing was fitted on.

Overheads alone are measured, in runs of their own. The simulation draws the service times that the CA drew;
other draws tell how far apart runs lie. Prints the table of docs/capacity.md.
"""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import msgspec
import polars as pl
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from chaos.annotations import FaultTime, read_fault_times
from loadtests.calibration.run import calibrate_run
from loadtests.results import table as enrollments
from loadtests.scenario import Scenario
from loadtests.simulation.forecast import simulate
from loadtests.simulation.ledger import Outcome
from loadtests.simulation.settings import ChainModel, Outage, Overheads
from loadtests.storm.measured import Silent, storm_on_lab
from tests.benchmarks.lab_scenarios import OUTAGES, SCENARIOS, calibration

THROUGHPUT, LATENCY, SHARE = 0.05, 0.12, 0.03
OTHER_DRAWS = 20


@dataclass(frozen=True)
class Numbers:
    """What a storm comes to: enrolled a second, seconds, the share of tries that a timer cut short."""

    throughput: float
    p50: float
    p99: float
    cut_share: float

    def __str__(self) -> str:
        return f"{self.throughput:.2f}/s, {self.p50:.3f} s, {self.p99:.3f} s, {self.cut_share:.1%}"


def numbers_of(tries: pl.DataFrame) -> Numbers:
    """Of a frame of tries: `started`, `ended` from the first start, `enrolled`."""
    latency = tries.filter("enrolled").select(pl.col("ended") - pl.col("started")).to_series()
    enrolled, end = latency.len(), tries["ended"].max()
    assert isinstance(end, float)
    p50, p99 = (latency.quantile(quantile) or 0.0 for quantile in (0.5, 0.99))
    return Numbers(enrolled / end, p50, p99, 1 - enrolled / tries.height)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("runs")


@pytest.fixture(scope="module")
def overheads(runs: Path) -> Callable[[str], Overheads]:
    """What was measured in the storm of that name, which is run when it is first asked for."""
    storms = {storm.name: storm for storm in map(calibration, SCENARIOS)}

    @cache
    def measured_in(name: str) -> Overheads:
        storm_on_lab(storms[name], runs / name, Silent(), keys=runs / "keys")
        return calibrate_run(runs / name).overheads

    return measured_in


@pytest.fixture(scope="module")
def rows() -> Iterator[list[str]]:
    found: list[str] = []
    yield found
    head = "| scenario | lab | simulated | other draws: share cut |", "|---|---|---|---|"
    sys.stdout.write("\n".join(("", *head, *found, "")))


@dataclass(frozen=True)
class Measured:
    """What the lab showed; when phones started and faults struck, in seconds from the first start."""

    numbers: Numbers
    starts: list[float]
    outages: tuple[Outage, ...]


def measured(scenario: Scenario, path: Path, keys: Path) -> Measured:
    run = storm_on_lab(scenario, path, Silent(), keys=keys)
    attempts = enrollments.read(path / "enrollments.parquet")
    first = attempts["intended_start"].min()
    assert isinstance(first, float)
    starts = attempts.filter(pl.col("attempt") == 1)["intended_start"].sort() - first
    tries = attempts.select("enrolled", *(pl.col(old).alias(new) - first for old, new in
                                          (("started", "started"), ("done", "ended"))))  # fmt: skip
    struck = read_fault_times(run.folder.annotations)
    return Measured(numbers_of(tries), starts.to_list(), tuple(outage(each, first) for each in struck))


def outage(struck: FaultTime, first: float) -> Outage:
    assert struck.started is not None
    assert struck.ended is not None
    return Outage(struck.started - first, struck.ended - first, OUTAGES[struck.fault.split()[0]])


def predicted(scenario: Scenario, overheads: Overheads, lab: Measured, seed: int) -> Numbers:
    model = msgspec.structs.replace(
        ChainModel.of(scenario, overheads), outages=lab.outages, seed=seed
    )  # fmt: skip
    tries = simulate(model, iter(lab.starts)).tries
    return numbers_of(tries.with_columns(enrolled=pl.col("outcome") == Outcome.ENROLLED))


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_the_simulation_says_what_the_lab_shows(
    scenario: Scenario,
    overheads: Callable[[str], Overheads],
    runs: Path,
    rows: list[str],
    benchmark: BenchmarkFixture,
) -> None:
    beside = overheads(calibration(scenario).name)
    found = measured(scenario, runs / scenario.name, runs / "keys")
    forecasts: list[Numbers] = []
    benchmark.pedantic(  # type: ignore[no-untyped-call]
        lambda: forecasts.append(predicted(scenario, beside, found, scenario.ca.seed))
    )
    lab, simulated = found.numbers, forecasts[0]
    others = [predicted(scenario, beside, found, 1000 + draw).cut_share for draw in range(OTHER_DRAWS)]
    rows.append(f"| {scenario.name} | {lab} | {simulated} | {min(others):.1%} to {max(others):.1%} |")
    benchmark.extra_info.update(lab=str(lab), simulated=str(simulated))
    assert simulated.throughput == pytest.approx(lab.throughput, rel=THROUGHPUT)
    assert simulated.p50 == pytest.approx(lab.p50, rel=LATENCY)
    assert simulated.p99 == pytest.approx(lab.p99, rel=LATENCY)
    assert simulated.cut_share == pytest.approx(lab.cut_share, abs=SHARE)
