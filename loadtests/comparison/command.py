"""`estorm compare`: runs side by side, for people and for CI."""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import msgspec
from rich.console import Console

from loadtests import documents, exits
from loadtests.comparison import document, table
from loadtests.comparison.comparability import check_despite, obstacles, remarks
from loadtests.comparison.document import Compared, Report
from loadtests.comparison.observed import Run, read_run
from loadtests.comparison.page import write_page
from loadtests.comparison.sides import Comparison
from loadtests.errors import ScenarioError
from loadtests.quantities import SEED, ShareType
from loadtests.storm.run_folder import create_run_folder, shown

_WIDTH = 140
_PATH = click.Path(path_type=Path)


class Given(msgspec.Struct, frozen=True):
    """The options as they were given."""

    runs: tuple[Path, ...]
    baselines: tuple[Path, ...]
    tolerance: float
    despite: tuple[str, ...]
    seed: int
    as_json: bool
    out: Path | None


@dataclass(frozen=True, slots=True)
class Sides:
    """What is compared: each of the others with the baseline."""

    baseline: list[Run]
    others: list[list[Run]]


@click.command()
@click.argument("runs", metavar="RUN...", nargs=-1, required=True, type=_PATH)
@click.option(
    "--baseline", "baselines", multiple=True, type=_PATH, help="Run to compare with; may be repeated."
)
@click.option("--tolerance", type=ShareType(), default="5%", help="A change up to this is none; default 5%.")
@click.option("--despite", multiple=True, help="Setting that may differ, such as ra.timers; may be repeated.")
@click.option("--seed", type=SEED, default=1, help="Seed of the resampling; default 1.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
@click.option("--out", type=_PATH, help="Folder to leave report.html and comparison.json in.")
def compare(**options: Any) -> None:  # noqa: ANN401 - typed as Given
    """Hold runs against a baseline: throughput, latency, errors, orphans, CPU, and what chance explains.

    Without --baseline the first RUN is the baseline and each other one is held against it; with it, all RUNs
    are one side. --out leaves a page with charts. Exits 0 when no regression is proven, 1 when one is, 2 when
    runs cannot be compared.
    """
    given = Given(**options)
    sides = _sides(given)
    report = _report(given, sides)
    if given.out:
        _leave(given.out, report, sides)
    if given.as_json:
        click.echo(documents.indented(report), nl=False)
    else:
        table.show(report, Console(width=None if sys.stdout.isatty() else _WIDTH, highlight=False))
    sys.exit(exits.NOT_MET if report.regression else 0)


def _report(given: Given, sides: Sides) -> Report:
    judging = Comparison(tolerance=given.tolerance, seed=given.seed)
    compared = list[Compared]()
    for side in sides.others:
        said = _checked([*sides.baseline, *side], given.despite)
        found = judging.of([run.observed for run in sides.baseline], [run.observed for run in side])
        compared.append(Compared([str(run.path) for run in side], found, said))
    return Report(
        baseline=[str(run.path) for run in sides.baseline], compared=compared, tolerance=given.tolerance,
        confidence=1 - judging.false_alarms, seed=given.seed,
        regression=any(each.regressed for each in compared),
    )  # fmt: skip


def _sides(given: Given) -> Sides:
    runs = [read_run(path) for path in given.runs]
    if given.baselines:
        return Sides([read_run(path) for path in given.baselines], [runs])
    if len(runs) < 2:
        raise ScenarioError(f"{given.runs[0]} alone cannot be compared; name a second run, or a --baseline")
    return Sides(runs[:1], [[run] for run in runs[1:]])


def _leave(out: Path, report: Report, sides: Sides) -> None:
    folder = create_run_folder("comparison", datetime.now(UTC), out, logs=False).path
    document.write(report, folder / "comparison.json")
    baseline, *others = ([run.observed for run in side] for side in (sides.baseline, *sides.others))
    write_page(folder / "report.html", report, baseline, others)
    click.echo(f"comparison: {shown(folder / 'comparison.json')}, {shown(folder / 'report.html')}", err=True)


def _checked(runs: Sequence[Run], despite: tuple[str, ...]) -> list[str]:
    """What is to be known of these runs; ScenarioError when they cannot be compared."""
    first, *others = runs
    check_despite(despite, first, others)
    if found := list(dict.fromkeys(_all(first, others, despite))):
        raise ScenarioError(f"these runs cannot be compared: {'; '.join(found)}")
    return list(dict.fromkeys(said for other in others for said in remarks(first, other)))


def _all(first: Run, others: Sequence[Run], despite: tuple[str, ...]) -> Iterator[str]:
    if len({run.path.resolve() for run in (first, *others)}) <= len(others):
        yield "a run is named twice"
    for other in others:
        yield from obstacles(first, other, despite=despite)
