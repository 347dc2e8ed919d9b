"""`estorm tune`: timers, retries and workers that lose the fewest certificates."""

import random
import sys
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path

import click
import msgspec
from click.core import ParameterSource

from exporters.logs.reading import Manner
from loadtests import exits
from loadtests.calibration.document import Calibration
from loadtests.errors import ScenarioError
from loadtests.logs_command import manner_options
from loadtests.quantities import SEED, DurationType
from loadtests.report.tuning import write_tuning_report
from loadtests.scenario import Scenario, read_scenario
from loadtests.simulation.settings import Overheads
from loadtests.storm.run_folder import create_run_folder, shown
from loadtests.survival.tuning import tune_by_logs
from loadtests.tuning.bench import WINDOW_SECONDS
from loadtests.tuning.conditions import Condition, chosen, conditions, default_scenario
from loadtests.tuning.document import NAME, read
from loadtests.tuning.laboratory import Laboratory
from loadtests.tuning.objective import parse_weights
from loadtests.tuning.running import Order, Tuning
from loadtests.tuning.tunables import Tunables
from loadtests.tuning.wording import describe
from testbed.numbers import Number
from testbed.scratch import scratch_directory

_BUDGET_SECONDS = 900.0
_HIGHEST_SCALE = 100.0
_OF_LOGS = ("places", "zones", "timer_seconds", "ra_timer_seconds")


@click.command()
@click.argument("scenario_file", metavar="[SCENARIO.toml]", required=False, type=click.Path(path_type=Path))
@click.option("--time-budget", type=DurationType(), default=_BUDGET_SECONDS, help="Time in all; default 15m.")
@click.option("--out", type=click.Path(path_type=Path), help="Run folder; default runs/<UTC time>-tune.")
@click.option("--seed", type=SEED, help="The same seed, the same search.")
@click.option("--weights", default="", help="What counts how much: missed=10,orphans=3,... (docs/tuning.md).")
@click.option(
    "--again", type=click.Path(path_type=Path), help="Take what this tune.json recommends; no search."
)
@click.option("--condition", "names", multiple=True, help="A CA condition to tune for; default all.")
@click.option("--calibration", type=click.Path(path_type=Path), help="A CA of production (estorm calibrate).")
@click.option("--window", type=DurationType(), default=WINDOW_SECONDS, help="A phone's time; default 5m.")
@click.option("--measure/--simulate-only", default=True, help="Run default and recommended on the lab.")
@click.option("--scale", type=Number(1), default=10.0, help="Lab runs: times divided by this.")
@click.option(
    "--logs", "places", multiple=True, metavar="DIR|FILE", type=click.Path(path_type=Path),
    help="Advise on timers from production's logs alone; repeat it for several.",
)  # fmt: skip
@manner_options
def tune(
    scenario_file: Path | None,
    out: Path | None,
    seed: int | None,
    places: tuple[Path, ...],
    manner: Manner,
    **given: object,
) -> None:
    """Search timers, retries and workers by simulation, then prove the best and the default on the lab.

    With --logs: what the logs of a chain in production say of its timers, without a simulation.
    """
    if places:
        if given_in_vain := _given(lambda name: name not in (*_OF_LOGS, "out")):
            raise click.UsageError(f"--logs needs nothing but logs; leave out {given_in_vain}")
        tune_by_logs(places, manner, out, click.echo)
        return
    if given_in_vain := _given(lambda name: name in _OF_LOGS):
        raise click.UsageError(f"only with --logs there is something to read with {given_in_vain}")
    scenario = _seeded(read_scenario(scenario_file) if scenario_file else default_scenario(), seed)
    order = _order(scenario, msgspec.convert(given, _Given))
    folder = create_run_folder("tune", datetime.now(UTC), out, logs=False)
    click.echo(f"seed {scenario.seed}, run folder {shown(folder.path)}")
    found = Tuning(order, folder.path, click.echo, time.monotonic).run()
    if found is None:
        exits.fail(
            "interrupted before any setting was simulated: there is nothing to keep", exits.INTERRUPTED
        )
    for line in describe(found):
        click.echo(line)
    click.echo(f"{shown(folder.path / NAME)}, beside it ra.toml and phones.toml")
    click.echo(f"report: {shown(write_tuning_report(folder.path))}")
    if found.interrupted:
        sys.exit(exits.INTERRUPTED)


class _Given(msgspec.Struct, frozen=True):
    """The options as they were given."""

    time_budget: float
    weights: str
    again: Path | None
    names: tuple[str, ...]
    calibration: Path | None
    window: float
    measure: bool
    scale: float


def _order(scenario: Scenario, given: _Given) -> Order:
    measured = None if given.calibration is None else Calibration.read(given.calibration)
    known = conditions(scenario, measured.capacity if measured else None)
    found = chosen(known, given.names)
    if given.measure:
        _check_scale(scenario, found, given.scale)
    return Order(
        scenario,
        found,
        given.time_budget,
        parse_weights(given.weights),
        measure=given.measure,
        scale=given.scale,
        window_seconds=given.window,
        known=None if given.again is None else read(given.again).recommended.tunables,
        overheads=measured.overheads if measured else Overheads(),
    )


def _check_scale(scenario: Scenario, found: Iterable[Condition], scale: float) -> None:
    """ScenarioError before the search for storms that the lab could not run after it."""
    if scale > _HIGHEST_SCALE:
        raise ScenarioError(
            f"--scale {scale:g} is over {_HIGHEST_SCALE:g}: what a CPU does is not divided, and would be all "
            "that is measured"
        )
    with scratch_directory("tune") as folder:
        laboratory = Laboratory(scenario, folder, scale, WINDOW_SECONDS, Overheads())
        for condition in found:
            laboratory.storm(Tunables.of(scenario), condition)


def _given(counts: Callable[[str], bool]) -> str:
    """Of what was given on the command line, that whose name counts; empty: nothing of it was."""
    context = click.get_current_context()
    return ", ".join(
        parameter.opts[0] if isinstance(parameter, click.Option) else "the scenario"
        for parameter in context.command.params
        if context.get_parameter_source(parameter.name or "") is ParameterSource.COMMANDLINE
        and counts(parameter.name or "")
    )


def _seeded(scenario: Scenario, seed: int | None) -> Scenario:
    if seed is not None:
        scenario = msgspec.structs.replace(scenario, seed=seed)
    return scenario.seeded(random.SystemRandom())
