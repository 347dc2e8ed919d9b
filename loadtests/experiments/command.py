"""`estorm chaos`: list faults and experiments, run an experiment, verify that it shows what it should."""

import datetime as dt
import random
import sys
from functools import partial
from pathlib import Path

import click
import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

from chaos.fault import Evidence
from chaos.registry import Description, describe, faults
from loadtests import exits
from loadtests.experiments.document import Document, find, names, read_document
from loadtests.experiments.running import Outcome, run
from loadtests.experiments.verifying import Verdict, verify
from loadtests.quantities import SEED
from loadtests.storm.run_folder import check_empty, new_run_path

_WIDTH = 160


class ExperimentDescription(msgspec.Struct, frozen=True):
    """One experiment, for people and programs; `parameters` is its configuration but for the scenario."""

    name: str
    title: str
    description: str
    tags: tuple[str, ...]
    faults: tuple[str, ...]
    parameters: dict[str, object]
    evidence: tuple[Evidence, ...]


class Catalogue(msgspec.Struct, frozen=True):
    """Everything that `estorm chaos list` shows."""

    faults: tuple[Description, ...]
    experiments: tuple[ExperimentDescription, ...]


@click.group("chaos")
def chaos_group() -> None:
    """Break the chain on purpose, and prove what came of it (docs/chaos.md)."""


@chaos_group.command("list")
@click.option("--json", "as_json", is_flag=True, help="As JSON, with parameters and evidence.")
def list_command(*, as_json: bool) -> None:
    """List every fault and every experiment."""
    found = catalogue()
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(found), indent=2))
        return
    console = Console(width=_WIDTH, soft_wrap=False, highlight=False)
    console.print(_fault_table(found))
    console.print(_experiment_table(found))


@chaos_group.command("run")
@click.argument("name", metavar="NAME|FILE")
@click.option("--seed", type=SEED, help="Seed of fleet and faults; the same seed, the same.")
@click.option("--out", type=click.Path(path_type=Path), help="Run folder; default runs/<UTC time>-chaos.")
def run_command(name: str, seed: int | None, out: Path | None) -> None:
    """Run an experiment; its journal is in the run folder.

    Exits 0 when it was carried through and deviated nowhere, 1 otherwise.
    """
    document = read_document(find(name))
    outcome = run(document, *_begin(document, seed, out, "chaos"))
    _tell(outcome)
    if (journal := outcome.folder.path / "journal.json").exists():
        click.echo(f"journal: {journal}")
    _exit(interrupted=outcome.interrupted, good=outcome.good)


@chaos_group.command("verify", short_help="Run an experiment and its control, and compare their logs.")
@click.argument("name", metavar="NAME|FILE")
@click.option("--seed", type=SEED, help="Seed of fleet and faults; the same seed, the same.")
@click.option("--out", type=click.Path(path_type=Path), help="Run folder; default runs/<UTC time>-verify.")
def verify_command(name: str, seed: int | None, out: Path | None) -> None:
    """Run an experiment and its control without the faults, and compare their logs.

    Exits 0 when all evidence is in the one and none in the other, and both are in steady state in the end.
    """
    document = read_document(find(name))
    verdict = verify(document, *_begin(document, seed, out, "verify"), partial(click.echo, err=True))
    Console(width=_WIDTH, highlight=False).print(_proof_table(verdict))
    for complaint in verdict.complaints():
        click.echo(complaint)
    click.echo("verified" if verdict.good else "NOT VERIFIED")
    _exit(interrupted=verdict.outcome.interrupted, good=verdict.good)


def catalogue() -> Catalogue:
    """Every fault and every experiment."""
    return Catalogue(
        tuple(describe(kind) for kind in faults().values()), tuple(_described(name) for name in names())
    )


def _described(name: str) -> ExperimentDescription:
    document = read_document(find(name))
    experiment = document.experiment
    parameters = {key: value for key, value in experiment.configuration.items() if key != "scenario"}
    return ExperimentDescription(
        name, experiment.title, " ".join(experiment.description.split()), tuple(experiment.tags),
        tuple(dict.fromkeys(fault.name for fault in document.faults())), parameters, document.evidence(),
    )  # fmt: skip


def _begin(document: Document, seed: int | None, out: Path | None, kind: str) -> tuple[Path, int]:
    """Where it runs and by which seed: the one that was given, or the experiment's, or one that is drawn."""
    folder = out or new_run_path(kind, dt.datetime.now(dt.UTC))
    check_empty(folder)
    if seed is None:
        seed = document.scenario().seeded(random.SystemRandom()).seed
    assert seed is not None
    click.echo(f"seed {seed}, run folder {folder}")
    return folder, seed


def _tell(outcome: Outcome) -> None:
    for failure in outcome.failures:
        click.echo(f"failed: {failure}")
    if outcome.interrupted:
        click.echo("interrupted; nothing is known of the steady state after it")
        return
    met = "met" if outcome.steady_before and outcome.steady_after else "NOT met"
    click.echo(f"{outcome.status}; steady state before and after: {met}")


def _exit(*, interrupted: bool, good: bool) -> None:
    if interrupted:
        sys.exit(exits.INTERRUPTED)
    sys.exit(0 if good else exits.NOT_MET)


def _fault_table(found: Catalogue) -> Table:
    table = Table("fault", "what goes wrong", "parameters", title="Faults", title_justify="left")
    for fault in found.faults:
        parameters = (
            f"{one.name}" + ("" if one.required else f"={msgspec.json.encode(one.default).decode()}")
            for one in fault.parameters
        )
        table.add_row(fault.name, fault.summary, Text(", ".join(parameters)))
    return table


def _experiment_table(found: Catalogue) -> Table:
    table = Table("experiment", "title", "faults", title="Experiments", title_justify="left")
    for experiment in found.experiments:
        table.add_row(experiment.name, experiment.title, ", ".join(experiment.faults))
    return table


def _proof_table(verdict: Verdict) -> Table:
    table = Table("log", "evidence", "experiment", "control", "")
    for proof in verdict.proofs:
        counts = str(proof.found), str(proof.found_in_control)
        pattern = Text(proof.evidence.pattern)
        table.add_row(proof.evidence.log, pattern, *counts, "ok" if proof.good else "NOT OK")
    return table
