"""`estorm tune`: timers, retries and workers that lose the fewest certificates."""

import random
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import click
import msgspec

from loadtests import exits
from loadtests.quantities import DurationType
from loadtests.scenario import Scenario, read_scenario
from loadtests.storm.run_folder import create_run_folder
from loadtests.tuning.bench import WINDOW_SECONDS
from loadtests.tuning.conditions import chosen, conditions, default_scenario
from loadtests.tuning.document import NAME, read
from loadtests.tuning.objective import parse_weights
from loadtests.tuning.running import Order, Tuning
from loadtests.tuning.wording import describe

_BUDGET_SECONDS = 900.0


@click.command()
@click.argument("scenario_file", metavar="[SCENARIO.toml]", required=False, type=click.Path(path_type=Path))
@click.option("--time-budget", type=DurationType(), default=_BUDGET_SECONDS, help="Time in all; default 15m.")
@click.option("--out", type=click.Path(path_type=Path), help="Run folder; default runs/<UTC time>-tune.")
@click.option("--seed", type=click.IntRange(min=0), help="The same seed, the same search.")
@click.option("--weights", default="", help="What counts how much: missed=10,orphans=3,... (docs/tuning.md).")
@click.option(
    "--again", type=click.Path(path_type=Path), help="Take what this tune.json recommends; no search."
)
@click.option("--condition", "names", multiple=True, help="A CA condition to tune for; default all.")
@click.option("--window", type=DurationType(), default=WINDOW_SECONDS, help="A phone's time; default 5m.")
@click.option("--measure/--simulate-only", default=True, help="Run default and recommended on the lab.")
@click.option("--scale", type=click.FloatRange(min=1), default=10.0, help="Lab runs: times divided by this.")
def tune(scenario_file: Path | None, out: Path | None, seed: int | None, **given: object) -> None:
    """Search timers, retries and workers by simulation, then prove the best and the default on the lab."""
    scenario = _seeded(read_scenario(scenario_file) if scenario_file else default_scenario(), seed)
    order = Order(
        scenario,
        chosen(conditions(scenario), map(str, msgspec.convert(given["names"], tuple[str, ...]))),
        float(str(given["time_budget"])),
        parse_weights(str(given["weights"])),
        measure=bool(given["measure"]),
        scale=float(str(given["scale"])),
        window_seconds=float(str(given["window"])),
        known=None if given["again"] is None else read(Path(str(given["again"]))).recommended.tunables,
    )
    folder = create_run_folder("tune", datetime.now(UTC), out)
    click.echo(f"seed {scenario.seed}, run folder {folder.path}")
    found = Tuning(order, folder.path, click.echo, time.monotonic).run()
    for line in describe(found):
        click.echo(line)
    click.echo(f"{folder.path / NAME}, beside it ra.toml and phones.toml")
    if found.interrupted:
        sys.exit(exits.INTERRUPTED)


def _seeded(scenario: Scenario, seed: int | None) -> Scenario:
    if seed is not None:
        scenario = msgspec.structs.replace(scenario, seed=seed)
    return scenario.seeded(random.SystemRandom())
