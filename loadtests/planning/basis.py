"""What a plan is made from: the run folder of a storm or a capacity search, as a model of its chain.

A lab's service times are those that its scenario sets. What its steps cost beside them is taken from the run:
CPU seconds of RA and CA by attempt, and the quickest tenth of the phones' handshakes and answers, which no
queue has lengthened.
"""

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from loadtests.errors import ScenarioError
from loadtests.results import summary as summaries
from loadtests.results import table as enrollments
from loadtests.results.summary import Summary
from loadtests.scenario import Scenario, read_scenario
from loadtests.simulation.settings import ChainModel, Overheads
from loadtests.storm.run_folder import RunFolder
from testbed.ca.capacity_settings import ConstantTime, ServiceTime

_QUICK = 0.10
_CALLS = {"two": 5, "one": 4}
_BESIDE_WAITING = ("connect_seconds", "tls_seconds", "send_seconds", "read_seconds", "check_seconds")


@dataclass(frozen=True, slots=True)
class Basis:
    """A run: its name, its scenario, and the model of its chain; `model_from` says how that was made."""

    run: str
    scenario: Scenario
    model: ChainModel
    model_from: str


def read_basis(path: Path) -> Basis:
    """The run in the folder `path`; ScenarioError, JournalError say what it lacks."""
    folder = RunFolder(path.resolve())
    if not folder.scenario.is_file():
        raise ScenarioError(f"{path} is not a run folder: it has no {folder.scenario.name}")
    scenario, summary = read_scenario(folder.scenario), summaries.read(folder.summary)
    if scenario.target.url:
        raise ScenarioError(f"{path} ran against {scenario.target.url}, whose service times nobody knows")
    attempts = enrollments.read(folder.enrollments)
    if not attempts["enrolled"].any():
        raise ScenarioError(f"no phone enrolled in {path}: there is nothing to make a plan from")
    model = ChainModel.of(scenario, _overheads(scenario, summary, attempts))
    return Basis(folder.name, scenario, model, "the scenario's service times, overheads as measured")


def _overheads(scenario: Scenario, summary: Summary, attempts: pl.DataFrame) -> Overheads:
    tried, calls = attempts.height, _CALLS[scenario.ra.connections.handles]
    beside = attempts.filter("enrolled").select(pl.sum_horizontal(*_BESIDE_WAITING)).to_series()
    ra_cpu, ca_cpu = (summary.cpu_seconds.ra or 0.0) / tried, (summary.cpu_seconds.ca or 0.0) / tried
    return Overheads(
        phone=_constant(beside.quantile(_QUICK)), call=_constant(ca_cpu / calls), ra_cpu_seconds=ra_cpu,
        cores=summary.run.host.cpus if summary.run.host else 1,
    )  # fmt: skip


def _constant(seconds: float | None) -> ServiceTime | None:
    return ConstantTime(seconds) if seconds else None
