"""`estorm capacity`: the highest rate that a chain sustains, how sure that is, and what gives first."""

import os
import random
import sys
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import click
import msgspec

from loadtests import exits
from loadtests.capacity.bottleneck import Machine
from loadtests.capacity.modelled import modelled, with_time_for_models, write_page
from loadtests.capacity.offering import check_searchable
from loadtests.capacity.progress import make_search_display
from loadtests.capacity.result import Capacity, Searched
from loadtests.capacity.search import SearchSettings, seconds_left
from loadtests.capacity.search_folder import SearchFolder
from loadtests.capacity.searching import Search
from loadtests.capacity.storm_bench import StormBench
from loadtests.capacity.wording import describe
from loadtests.quantities import SEED, DurationType, RateType
from loadtests.results.slo import parse_all
from loadtests.scenario import Scenario, default_scenario, read_scenario
from loadtests.storm.generator import EstServer
from loadtests.storm.progress import Display
from loadtests.storm.run_folder import create_run_folder, shown
from loadtests.targets.settings import load_options, server_options, with_options
from loadtests.targets.target import open_target

_USUAL_BUDGET = "10m"


@click.command()
@click.argument("scenario_file", metavar="[SCENARIO.toml]", required=False, type=click.Path(path_type=Path))
@click.option("--slo", "rules", multiple=True, help="A rule that must hold, instead of the scenario's.")
@click.option("--time-budget", type=DurationType(), help=f"How long it may take; default {_USUAL_BUDGET}.")
@click.option("--first-rate", type=RateType(), help="Where to begin, instead of one phone at a time's rate.")
@click.option("--settle", type=DurationType(), help="Time of each trial that does not count; default 5 s.")
@click.option("--seed", type=SEED, help="Seed of the phones and their arrivals.")
@click.option("--out", type=click.Path(path_type=Path), help="Folder; default runs/<UTC time>-capacity.")
@click.option("--resume", type=click.Path(path_type=Path), help="Go on with the search in this folder.")
@click.option("--no-models", is_flag=True, help="Make no models of how the chain scales; search longer.")
@click.option("--target", help="Your EST server, https://host:port[/segment], instead of a lab.")
@server_options
@load_options
@click.option("--i-may-load-this", is_flag=True, help="The target is not this machine, and its owner agrees.")
def capacity(
    scenario_file: Path | None,
    out: Path | None,
    resume: Path | None,
    time_budget: float | None,
    i_may_load_this: bool,
    **given: object,
) -> None:
    """Search the highest rate at which every rule holds, and say what gives first.

    Exits 0 with an answer, 1 when there is none or a throughput that was asked for cannot be had.
    """
    if resume:
        if scenario_file or out or any(value not in (None, False, ()) for value in given.values()):
            raise click.UsageError("--resume goes on as it was begun; it takes --time-budget alone")
        folder = SearchFolder(resume.resolve())
        scenario, searched = folder.asked()
        if time_budget is not None:
            searched = _with_budget(searched, time_budget)
    else:
        scenario = _scenario(scenario_file, given)
        check_searchable(scenario)
        wanted = not given["no_models"] and not scenario.target.url
        searched = with_time_for_models(_searched(scenario, time_budget, given), wanted=wanted)
        folder = SearchFolder(_made(scenario, out, consented=i_may_load_this))
        folder.begin(scenario, searched)
    server = open_target(_smallest(scenario), consented=i_may_load_this)
    click.echo(f"seed {searched.seed}, folder {shown(folder.path)}")
    with folder.run.locked(), make_search_display() as display:
        bench = _bench(scenario, searched, folder, display, server)
        found = modelled(Search(searched, folder, display, bench).run(), scenario, folder, display)
    page = write_page(found, folder)
    _end(found, folder, page)


def _made(scenario: Scenario, out: Path | None, *, consented: bool) -> Path:
    """The new folder, once the target is known to be usable."""
    open_target(_smallest(scenario), consented=consented)
    return create_run_folder("capacity", datetime.now(UTC), out, logs=False).path


def _bench(
    scenario: Scenario, searched: Searched, folder: SearchFolder, display: Display, server: EstServer | None
) -> StormBench:
    made = folder.trials()
    left = seconds_left(made, searched.settings)
    return StormBench(
        scenario, parse_all(searched.rules), searched.seed, folder.trials_folder, display, server,
        deadline=None if left is None else time.monotonic() + left, calibration=folder.calibration,
        made=made,
    )  # fmt: skip


def _end(found: Capacity, folder: SearchFolder, page: Path) -> None:
    for line in describe(found):
        click.echo(line)
    click.echo(f"answer: {shown(folder.answer)}")
    click.echo(f"report: {shown(page)}")
    if found.interrupted:
        click.echo(f"go on with: estorm capacity --resume {shown(folder.path)}")
        sys.exit(exits.INTERRUPTED)
    sys.exit(0 if found.good else exits.NOT_MET)


def _scenario(path: Path | None, given: Mapping[str, object]) -> Scenario:
    """The scenario of the file, or the default one, with what the options say instead."""
    scenario = read_scenario(path) if path else default_scenario()
    rules = given["rules"]
    assert isinstance(rules, tuple)
    if rules:
        scenario = msgspec.structs.replace(scenario, slo=msgspec.structs.replace(scenario.slo, rules=rules))
    parse_all(scenario.slo.rules)
    url = None if given["target"] is None else str(given["target"])
    scenario = msgspec.structs.replace(
        scenario,
        target=with_options(scenario.target, url, given),
        seed=scenario.seed if given["seed"] is None else given["seed"],
    )
    return scenario.seeded(random.SystemRandom())


def _searched(scenario: Scenario, time_budget: float | None, given: Mapping[str, object]) -> Searched:
    chosen = {"first_rate": given["first_rate"], "settle_seconds": given["settle"]}
    budget = time_budget or DurationType().convert(_USUAL_BUDGET, None, None)
    asked = {name: value for name, value in chosen.items() if value is not None}
    cap = scenario.target.max_rate_per_second / scenario.phones.retry.attempts
    if cap:
        asked["highest_rate"] = cap
    assert scenario.seed is not None
    return Searched(
        scenario=scenario.name, target=scenario.target.url, rules=list(scenario.slo.rules),
        seed=scenario.seed, started=datetime.now(UTC),
        settings=msgspec.convert({**asked, "time_budget_seconds": budget}, SearchSettings),
        machine=Machine(
            len(os.sched_getaffinity(0)), scenario.ra.workers.process_count, scenario.generator.processes,
            scenario.ra.nginx.worker_processes,
        ),
    )  # fmt: skip


def _with_budget(searched: Searched, seconds: float) -> Searched:
    settings = msgspec.structs.replace(searched.settings, time_budget_seconds=seconds)
    searched = msgspec.structs.replace(searched, settings=settings)
    return with_time_for_models(searched, wanted=searched.models_seconds is not None)


def _smallest(scenario: Scenario) -> Scenario:
    """One phone of it: what the target is looked at with, which no cap forbids."""
    arrivals = msgspec.structs.replace(scenario.arrivals, closed_phones=0)
    phones = msgspec.structs.replace(scenario.phones, count=1)
    return msgspec.structs.replace(scenario, phones=phones, arrivals=arrivals)
