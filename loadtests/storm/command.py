"""`estorm storm`: phones enroll, watched, and a run folder with a report is left."""

import random
import sys
from datetime import UTC, datetime
from pathlib import Path

import click
import msgspec

from chaos.schedule import plan
from loadtests import exits
from loadtests.arrivals.settings import Shape
from loadtests.quantities import SEED, DurationType, RateType
from loadtests.results import slo
from loadtests.results.writing import describe, write_results
from loadtests.scenario import MAX_PHONES, Load, Scenario, default_scenario, read_scenario
from loadtests.storm.progress import make_display
from loadtests.storm.prometheus import check_prometheus
from loadtests.storm.resumption import renewing, target_mark
from loadtests.storm.run import Storm
from loadtests.storm.run_folder import create_run_folder, open_run_folder, shown
from loadtests.targets.probe_command import dry_run
from loadtests.targets.settings import load_options, server_options, with_options
from loadtests.targets.target import open_target
from testbed.numbers import Integer


@click.command()
@click.argument("scenario_file", metavar="[SCENARIO.toml]", required=False, type=click.Path(path_type=Path))
@click.option("--phones", type=Integer(1, MAX_PHONES), help="How many phones enroll.")
@click.option("--shape", type=click.Choice([*map(str, Shape)]), help="How they arrive (docs/scenario.md).")
@click.option("--rate", type=RateType(), help="Phones that start per second: 25, 25/s, 1500/min.")
@click.option("--duration", type=DurationType(), help="Time in which they start: 90, 90s, 2m, 1h.")
@click.option("--seed", type=SEED, help="Seed of the fleet; the same seed, the same phones.")
@click.option("--out", type=click.Path(path_type=Path), help="Run folder; default runs/<UTC time>-storm.")
@click.option("--target", help="Your EST server, https://host:port[/segment], instead of a lab.")
@server_options
@load_options
@click.option("--renew", "renew_from", help="Run folder whose phones renew their LSCs.")
@click.option("--keep-keys", is_flag=True, help="Leave the phones' keys in the run folder, for --renew.")
@click.option("--prometheus", is_flag=True, help="Run Prometheus beside it; data go into the run folder.")
@click.option("--endpoints", type=click.Path(path_type=Path), help="Write the lab's endpoints here as JSON.")
@click.option("--resume", type=click.Path(path_type=Path), help="Go on with the run in this folder.")
@click.option("--dry-run", "dry", is_flag=True, help="Enroll one phone, explain what was seen, and end.")
@click.option("--i-may-load-this", is_flag=True, help="The target is not this machine, and its owner agrees.")
def storm(
    scenario_file: Path | None,
    out: Path | None,
    resume: Path | None,
    dry: bool,
    i_may_load_this: bool,
    prometheus: bool,
    **given: object,
) -> None:
    """Let phones enroll, watch them, and leave a run folder with a report.

    Exits 0 when the scenario's SLO holds, 1 when it does not.
    """
    endpoints = given.pop("endpoints")
    assert endpoints is None or isinstance(endpoints, Path)
    if resume:
        if scenario_file or out or dry or any(value not in (None, False) for value in given.values()):
            raise click.UsageError("--resume goes on with a run as it was begun; leave the other options out")
        folder = open_run_folder(resume)
        scenario = read_scenario(folder.scenario)
        check_prometheus(scenario, wanted=prometheus)
        server = open_target(scenario, consented=i_may_load_this)
    else:
        scenario = renewing(_scenario(scenario_file, given))
        slo.parse_all(scenario.slo.rules)
        scenario.check_arrivals()
        if scenario.chaos:
            plan(scenario.chaos.schedule)
        if dry:
            sys.exit(0 if dry_run(scenario) else exits.NOT_MET)
        check_prometheus(scenario, wanted=prometheus)
        server = open_target(scenario, consented=i_may_load_this)
        mark = target_mark(scenario)
        folder = create_run_folder("storm", datetime.now(UTC), out)
        folder.scenario.write_text(scenario.to_toml())
        if mark:
            mark.write(folder.ca_mark)
    click.echo(f"seed {scenario.seed}, run folder {shown(folder.path)}")
    onwards = f"go on with: estorm storm --resume {shown(folder.path)}"
    try:
        with make_display() as display:
            course = Storm(scenario, folder, display, prometheus=prometheus, endpoints=endpoints).run(server)
    except KeyboardInterrupt:
        click.echo(onwards)
        raise
    summary = write_results(scenario, folder, course)
    for line in describe(summary):
        click.echo(line)
    click.echo(f"report: {shown(folder.report)}")
    if course.interrupted:
        if summary.phones.dropped:
            click.echo(onwards)
        sys.exit(exits.INTERRUPTED)
    sys.exit(exits.NOT_MET if summary.slo.failed else 0)


def _scenario(path: Path | None, given: dict[str, object]) -> Scenario:
    """The scenario of the file, or the default one, with what the options say instead."""
    scenario = read_scenario(path) if path else default_scenario()
    if given["shape"]:
        arrivals = msgspec.structs.replace(
            scenario.arrivals, shape=Shape(str(given["shape"])), closed_phones=0
        )
        scenario = msgspec.structs.replace(scenario, arrivals=arrivals)
    names = {"phones": "phones", "rate_per_second": "rate", "duration_seconds": "duration"}
    load = msgspec.convert({name: given[option] for name, option in names.items()}, Load)
    url = None if given["target"] is None else str(given["target"])
    scenario = scenario.with_load(load)
    scenario = msgspec.structs.replace(
        scenario,
        phones=msgspec.structs.replace(
            scenario.phones,
            keep_keys=bool(given["keep_keys"]) or scenario.phones.keep_keys,
            renew_from=str(given["renew_from"] or scenario.phones.renew_from),
        ),
        target=with_options(scenario.target, url, given),
        seed=scenario.seed if given["seed"] is None else given["seed"],
    )
    return scenario.seeded(random.SystemRandom())
