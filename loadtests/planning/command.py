"""`estorm plan`: so many phones in so long, in which batches, by what a run measured."""

import random
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import msgspec
from rich.console import Console

from loadtests import exits
from loadtests.errors import ScenarioError
from loadtests.planning import document, table
from loadtests.planning.basis import Basis, read_basis
from loadtests.planning.candidates import Asked
from loadtests.planning.document import Plan, Source
from loadtests.planning.goal import Goal, plannable
from loadtests.planning.page import write_page
from loadtests.planning.planner import Question, make_plan
from loadtests.quantities import SEED, DurationType
from loadtests.results import slo
from loadtests.scenario import MAX_PHONES, read_scenario
from loadtests.storm.run_folder import create_run_folder, shown
from testbed.numbers import Integer

_WIDTH = 140
_PATH = click.Path(path_type=Path)


class Given(msgspec.Struct, frozen=True):
    """The options as they were given."""

    phones: int
    window: float
    source: Path
    scenario_file: Path | None
    rules: tuple[str, ...]
    spacing: float | None
    within: float | None
    seed: int | None
    out: Path | None


@click.command()
@click.option("--phones", type=Integer(1, MAX_PHONES), required=True, help="How many phones enroll.")
@click.option("--window", type=DurationType(), required=True, help="Time that there is for it: 4h, 90m.")
@click.option("--from", "source", type=_PATH, required=True, help="Run folder, or calibration, of the chain.")
@click.option("--scenario", "scenario_file", type=_PATH, help="Plan for this chain, not for the run's own.")
@click.option("--slo", "rules", multiple=True, help="Rule to keep instead of the run's; may be repeated.")
@click.option("--spacing", type=DurationType(), help="Time from batch to batch; default: whichever is best.")
@click.option("--within", type=DurationType(), help="Time in which a batch's phones come.")
@click.option("--seed", type=SEED, help="Seed of the simulations.")
@click.option("--out", type=_PATH, help="Folder; default runs/<UTC time>-plan.")
def plan(**options: Any) -> None:  # noqa: ANN401 - typed as Given
    """Plan batches of phones for a window of time, by simulation of the chain that a run measured.

    Exits 0 when they fit, 1 when they do not.
    """
    given = Given(**options)
    basis = read_basis(given.source, read_scenario(given.scenario_file) if given.scenario_file else None)
    asked = _asked(given, basis)
    seed = random.SystemRandom().getrandbits(32) if given.seed is None else given.seed
    question = _question(basis, asked, given.rules, seed)
    folder = create_run_folder("plan", datetime.now(UTC), given.out, logs=False).path
    click.echo(f"seed {seed}, folder {shown(folder)}")
    made = make_plan(question, click.echo)
    _leave(made, folder)
    sys.exit(0 if made.fits else exits.NOT_MET)


def _question(basis: Basis, asked: Asked, rules: tuple[str, ...], seed: int) -> Question:
    kept, left_out = plannable(slo.parse_all(rules or basis.scenario.slo.rules))
    if rules and left_out:
        raise ScenarioError(
            f"--slo {left_out[0].text!r}: a plan keeps shares, latency and orphans, and cannot keep this"
        )
    source = Source(basis.run, basis.scenario.name, basis.model_from)
    return Question(
        source, basis.model, asked, Goal(tuple(kept)), [rule.text for rule in left_out], seed,
        basis.measured,
    )  # fmt: skip


def _asked(given: Given, basis: Basis) -> Asked:
    usual = basis.scenario.arrivals.mass_renewal.within_seconds
    within, spacing = usual if given.within is None else given.within, given.spacing
    if spacing is not None and spacing > given.window:
        raise ScenarioError(f"--spacing {spacing:g} s is longer than the window of {given.window:g} s")
    longest = given.window if spacing is None else spacing
    if within > longest:
        raise ScenarioError(f"--within {within:g} s is longer than the {longest:g} s of a batch")
    return Asked(given.phones, given.window, within, spacing)


def _leave(made: Plan, folder: Path) -> None:
    document.write(made, folder / "plan.json")
    write_page(folder / "plan.html", made)
    console = Console(width=None if sys.stdout.isatty() else _WIDTH, highlight=False)
    table.show(made, console)
    click.echo(f"plan: {shown(folder / 'plan.json')}, {shown(folder / 'plan.html')}")
