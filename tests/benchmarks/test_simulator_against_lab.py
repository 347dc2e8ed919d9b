"""The simulator beside the lab: the same phones at the same times, on chains that nothing was fitted on.

Overheads alone are measured, in one run of its own. The simulation draws the service times that the CA drew;
other draws tell how far apart runs lie. Prints the table of docs/capacity.md.
"""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import polars as pl
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from loadtests.calibration.run import calibrate_run
from loadtests.results import table as enrollments
from loadtests.scenario import Scenario
from loadtests.simulation.forecast import simulate
from loadtests.simulation.ledger import Outcome
from loadtests.simulation.settings import ChainModel, Overheads
from loadtests.storm.measured import Silent, storm_on_lab
from tests.benchmarks.lab_scenarios import CALIBRATION, SCENARIOS, outages

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
def overheads(runs: Path) -> Overheads:
    storm_on_lab(CALIBRATION, runs / "calibration", Silent(), keys=runs / "keys")
    return calibrate_run(runs / "calibration").overheads


@pytest.fixture(scope="module")
def rows() -> Iterator[list[str]]:
    found: list[str] = []
    yield found
    head = "| scenario | lab | simulated | other draws: share cut |", "|---|---|---|---|"
    sys.stdout.write("\n".join(("", *head, *found, "")))


def measured(scenario: Scenario, path: Path, keys: Path) -> tuple[Numbers, list[float]]:
    """What the lab shows, and when its phones started."""
    storm_on_lab(scenario, path, Silent(), keys=keys)
    attempts = enrollments.read(path / "enrollments.parquet")
    first = attempts["intended_start"].min()
    starts = attempts.filter(pl.col("attempt") == 1)["intended_start"].sort() - first
    tries = attempts.select("enrolled", *(pl.col(old).alias(new) - first for old, new in
                                          (("started", "started"), ("done", "ended"))))  # fmt: skip
    return numbers_of(tries), starts.to_list()


def predicted(scenario: Scenario, overheads: Overheads, starts: Sequence[float], seed: int) -> Numbers:
    model = msgspec.structs.replace(
        ChainModel.of(scenario, overheads), outages=outages(scenario), seed=seed
    )  # fmt: skip
    tries = simulate(model, iter(starts)).tries
    return numbers_of(tries.with_columns(enrolled=pl.col("outcome") == Outcome.ENROLLED))


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_the_simulation_says_what_the_lab_shows(
    scenario: Scenario, overheads: Overheads, runs: Path, rows: list[str], benchmark: BenchmarkFixture
) -> None:
    lab, starts = measured(scenario, runs / scenario.name, runs / "keys")
    found: list[Numbers] = []
    benchmark.pedantic(  # type: ignore[no-untyped-call]
        lambda: found.append(predicted(scenario, overheads, starts, scenario.ca.seed))
    )
    simulated = found[0]
    others = [
        predicted(scenario, overheads, starts, 1000 + draw).cut_share for draw in range(OTHER_DRAWS)
    ]  # fmt: skip
    rows.append(f"| {scenario.name} | {lab} | {simulated} | {min(others):.1%} to {max(others):.1%} |")
    benchmark.extra_info.update(lab=str(lab), simulated=str(simulated))
    assert simulated.throughput == pytest.approx(lab.throughput, rel=THROUGHPUT)
    assert simulated.p50 == pytest.approx(lab.p50, rel=LATENCY)
    assert simulated.p99 == pytest.approx(lab.p99, rel=LATENCY)
    assert simulated.cut_share == pytest.approx(lab.cut_share, abs=SHARE)
