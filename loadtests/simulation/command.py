"""`estorm simulate`: a storm in simulated time, with as many phones, RAs and CAs as you like."""

import random
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args

import click
import msgspec

from loadtests import exits
from loadtests.capacity.offering import check_searchable
from loadtests.capacity.wording import describe
from loadtests.errors import ScenarioError
from loadtests.planning.basis import Basis, read_basis
from loadtests.quantities import SEED, DurationType, RateType
from loadtests.report import wording
from loadtests.results import slo
from loadtests.scenario import MAX_PHONES, Load, Scenario, read_scenario
from loadtests.simulation import document
from loadtests.simulation.closed import simulate_closed
from loadtests.simulation.faults import outages_of
from loadtests.simulation.forecast import Forecast
from loadtests.simulation.forecast import simulate as simulated
from loadtests.simulation.searching import SimulatedSearch
from loadtests.simulation.settings import Balancing, ChainModel
from loadtests.simulation.telling import Asked, told
from loadtests.storm.run_folder import create_run_folder, shown
from testbed.numbers import Integer

_PATH = click.Path(path_type=Path)
_NODES = Integer(1, 10_000)
_PHONES_A_LINE = 500_000
# So much of a schedule befalls phones of which nobody knows when the last one starts.
_CLOSED_SECONDS = 86_400.0


@dataclass(frozen=True, slots=True)
class Given:
    """The command line's options, as click gives them."""

    source: Path | None
    scenario_file: Path | None
    phones: int | None
    rate: float | None
    duration: float | None
    ra_nodes: int
    ca_nodes: int
    balancing: Balancing
    rules: tuple[str, ...]
    seed: int | None
    out: Path | None
    search: bool

    def check(self) -> None:
        """UsageError for options that do not go together."""
        if self.search and any((self.phones, self.rate, self.duration)):
            raise click.UsageError("--search tries its own rates; leave --phones, --rate and --duration out")

    def repeated(self) -> str:
        """What repeats a search from the folder that it left its scenario in; the seed is in the scenario."""
        source = f" --from {self.source.resolve()}" if self.source else ""
        return (
            f"estorm simulate --search{source} --scenario scenario.toml --ra-nodes {self.ra_nodes} "
            f"--ca-nodes {self.ca_nodes} --balancing {self.balancing}"
        )


@click.command()
@click.option("--from", "source", type=_PATH, help="Run folder, or calibration, of the chain.")
@click.option("--scenario", "scenario_file", type=_PATH, help="Simulate this one, not the run's own.")
@click.option("--phones", type=Integer(1, MAX_PHONES), help="How many phones enroll.")
@click.option("--rate", type=RateType(), help="Phones that start per second: 25, 25/s, 1500/min.")
@click.option("--duration", type=DurationType(), help="Time in which they start: 90, 90s, 2m, 1h.")
@click.option("--ra-nodes", type=_NODES, default=1, show_default=True, help="RAs, each as the chain's own.")
@click.option("--ca-nodes", type=_NODES, default=1, show_default=True, help="CAs, with one queue for all.")
@click.option(
    "--balancing", type=click.Choice(get_args(Balancing)), default="round_robin", show_default=True,
    help="Which RA a phone gets: the next, always the same, or any that is free.",
)  # fmt: skip
@click.option("--search", is_flag=True, help="Search the highest rate at which every rule holds, instead.")
@click.option("--slo", "rules", multiple=True, help="A rule that must hold, instead of the scenario's.")
@click.option("--seed", type=SEED, help="Seed of arrivals and service times; default: the scenario's.")
@click.option("--out", type=_PATH, help="Folder; default runs/<UTC time>-simulate.")
def simulate(**options: Any) -> None:  # noqa: ANN401 - typed as Given
    """Simulate a storm of the chain that a run measured, or that a scenario describes.

    Exits 0 when the SLO holds, 1 when it does not. With --search: how fast phones may come, and what gives
    first; exits as estorm capacity does.
    """
    given = Given(**options)
    given.check()
    basis = _basis(given)
    scenario = _scenario(basis.scenario, given)
    if given.search:
        check_searchable(scenario)
    rules = slo.parse_all(scenario.slo.rules)
    model, left_out = _model(basis.model, scenario, given)
    folder = create_run_folder("simulate", datetime.now(UTC), given.out, logs=False).path
    click.echo(f"seed {model.seed}, folder {shown(folder)}")
    asked = Asked(scenario, basis.model_from, model, left_out, rules)
    sys.exit(_search(asked, folder, given.repeated()) if given.search else _storm(asked, folder))


def _storm(asked: Asked, folder: Path) -> int:
    began = time.process_time()
    forecast = _forecast(asked.model, asked.scenario)
    found = told(asked, forecast, time.process_time() - began)
    document.write(found, folder / "simulation.json")
    for line in document.describe(found):
        click.echo(line)
    click.echo(f"simulation: {shown(folder / 'simulation.json')}")
    return exits.NOT_MET if found.slo.failed else 0


def _search(asked: Asked, folder: Path, command: str) -> int:
    search = SimulatedSearch(asked, folder, datetime.now(UTC), click.echo)
    found = search.run(command)
    for line in describe(found):
        click.echo(line)
    click.echo(f"model: {asked.model_from}")
    click.echo(f"answer: {shown(folder / 'capacity.json')}")
    click.echo(f"report: {shown(folder / 'report.html')}")
    if found.interrupted:
        return exits.INTERRUPTED
    return 0 if found.good else exits.NOT_MET


def _basis(given: Given) -> Basis:
    scenario = read_scenario(given.scenario_file) if given.scenario_file else None
    if given.source:
        return read_basis(given.source, scenario)
    if scenario is None:
        raise ScenarioError("nothing to simulate; name a run with --from, or a scenario with --scenario")
    own = f"the settings of {scenario.name} alone: no step takes time but the CA's"
    return Basis("", scenario, ChainModel.of(scenario), own)


def _scenario(scenario: Scenario, given: Given) -> Scenario:
    scenario = scenario.with_load(Load(given.phones, given.rate, given.duration))
    seed = scenario.seed if given.seed is None else given.seed
    rules = given.rules or scenario.slo.rules
    return msgspec.structs.replace(
        scenario, seed=seed, slo=msgspec.structs.replace(scenario.slo, rules=rules)
    ).seeded(random.SystemRandom())


def _model(model: ChainModel, scenario: Scenario, given: Given) -> tuple[ChainModel, list[str]]:
    """The chain as it was asked for, and the faults of its scenario that no simulation knows."""
    seed = scenario.seed or 0
    until = (scenario.duration_seconds or _CLOSED_SECONDS) if scenario.chaos else 0.0
    outages, left_out = outages_of(scenario.chaos, seed, until)
    return msgspec.structs.replace(
        model, seed=seed, ra_nodes=given.ra_nodes, ca_nodes=given.ca_nodes, balancing=given.balancing,
        outages=outages,
    ), left_out  # fmt: skip


def _forecast(model: ChainModel, scenario: Scenario) -> Forecast:
    shape, count = scenario.shape, scenario.phones.count
    if shape is None:
        return simulate_closed(model, scenario.arrivals.closed_phones, count)
    return simulated(model, _counted(shape.offsets_seconds(count), count))


def _counted(starts: Iterator[float], count: int) -> Iterator[float]:
    """The same, with a line now and then: ten million phones take minutes."""
    for number, offset in enumerate(starts):
        if number and number % _PHONES_A_LINE == 0:
            click.echo(f"{wording.count(number)} of {wording.count(count)} phones have started")
        yield offset
