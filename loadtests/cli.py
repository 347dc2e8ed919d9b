"""The command line: `estorm COMMAND`. Exit codes: 0 done, 1 the SLO is not met, 2 bad usage or input."""

import contextlib
import functools
import random
import signal
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType

import click
import msgspec
from rich.console import Console

from chaos.errors import ChaosError
from chaos.schedule import plan
from chaos.settings import ChaosSettings
from loadtests.arrivals.settings import Shape
from loadtests.errors import LoadtestError
from loadtests.experiments.command import chaos_group
from loadtests.exporter_command import exporter_group
from loadtests.lab_reload import reloading_on_sighup
from loadtests.logs_command import logs_group
from loadtests.quantities import DurationType, RateType
from loadtests.results import slo
from loadtests.results.writing import describe, write_results
from loadtests.scenario import Load, Scenario, default_scenario, read_scenario
from loadtests.storm.chain import make_chain
from loadtests.storm.progress import Display, PlainDisplay, TerminalDisplay
from loadtests.storm.prometheus import find_prometheus
from loadtests.storm.resumption import renewing, target_mark
from loadtests.storm.run import Storm
from loadtests.storm.run_folder import create_run_folder, open_run_folder
from loadtests.targets.probe_command import dry_run, probe
from loadtests.targets.settings import load_options, server_options, with_options
from loadtests.targets.target import open_target
from testbed.ca.admin import ca_group
from testbed.errors import PartFailed, TestbedError
from testbed.lab import Endpoints, Lab
from testbed.settings import LabSettings

EXIT_SLO_MISSED = 1
EXIT_PART_DIED = 1
EXIT_USAGE = 2
EXIT_INTERRUPTED = 130


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="estorm")
def estorm() -> None:
    """Load-test and break certificate enrollment over EST. For test use only."""


@estorm.command()
@click.argument("scenario_file", metavar="[SCENARIO.toml]", required=False, type=click.Path(path_type=Path))
@click.option("--phones", type=click.IntRange(min=1), help="How many phones enroll.")
@click.option("--shape", type=click.Choice([*map(str, Shape)]), help="How they arrive (docs/scenario.md).")
@click.option("--rate", type=RateType(), help="Phones that start per second: 25, 25/s, 1500/min.")
@click.option("--duration", type=DurationType(), help="Time in which they start: 90, 90s, 2m, 1h.")
@click.option("--seed", type=click.IntRange(min=0), help="Seed of the fleet; the same seed, the same phones.")
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
    if prometheus:
        find_prometheus()
    if resume:
        if scenario_file or out or dry or any(value not in (None, False) for value in given.values()):
            raise click.UsageError("--resume goes on with a run as it was begun; leave the other options out")
        folder = open_run_folder(resume)
        scenario = read_scenario(folder.scenario)
        server = open_target(scenario, consented=i_may_load_this)
    else:
        scenario = renewing(_scenario(scenario_file, given))
        slo.parse_all(scenario.slo.rules)
        scenario.check_arrivals()
        if scenario.chaos:
            plan(scenario.chaos.schedule)
        if dry:
            sys.exit(0 if dry_run(scenario) else EXIT_SLO_MISSED)
        server = open_target(scenario, consented=i_may_load_this)
        mark = target_mark(scenario)
        folder = create_run_folder("storm", datetime.now(UTC), out)
        folder.scenario.write_text(scenario.to_toml())
        if mark:
            mark.write(folder.ca_mark)
    click.echo(f"seed {scenario.seed}, run folder {folder.path}")
    with _display() as display:
        course = Storm(scenario, folder, display, prometheus=prometheus, endpoints=endpoints).run(server)
    summary = write_results(scenario, folder, course)
    for line in describe(summary):
        click.echo(line)
    click.echo(f"report: {folder.report}")
    if course.interrupted:
        sys.exit(EXIT_INTERRUPTED)
    sys.exit(EXIT_SLO_MISSED if summary.slo.failed else 0)


@estorm.command()
@click.argument("scenario_file", metavar="[SCENARIO.toml]", required=False, type=click.Path(path_type=Path))
@click.option("--endpoints", type=click.Path(path_type=Path), help="Write the endpoints here as JSON.")
@click.option("--out", type=click.Path(path_type=Path), help="Folder for logs and the CA's database.")
@click.option("--nginx", is_flag=True, help="Put NGINX in front of the RA, whatever the scenario says.")
@click.option("--chaos", is_flag=True, help="Make it breakable: proxies, DNS, control (docs/scenario.md).")
def lab(
    scenario_file: Path | None, endpoints: Path | None, out: Path | None, *, nginx: bool, chaos: bool
) -> None:
    """Start RA and CA on this machine, say where they answer, and run until Ctrl-C.

    SIGHUP reads the scenario again and has both go on with it.
    """
    scenario = _lab_scenario(scenario_file, nginx=nginx)
    if chaos and scenario.chaos is None:
        scenario = msgspec.structs.replace(scenario, chaos=ChaosSettings())
    scenario = scenario.seeded(random.SystemRandom())
    folder = create_run_folder("lab", datetime.now(UTC), out)
    with make_chain(scenario, folder.logs, folder.database) as running:
        try:
            if isinstance(running, Lab):
                reread = functools.partial(_lab_settings, scenario_file, nginx=nginx)
                # Whoever reads where it answers may ask it to reload.
                with reloading_on_sighup(running, reread, click.echo) as reload_if_asked:
                    _tell_endpoints(running.endpoints, endpoints)
                    running.watch(reload_if_asked)
            else:
                _tell_endpoints(running.endpoints, endpoints)
                running.watch()
        except PartFailed as failure:
            _fail(str(failure), EXIT_PART_DIED)
        except KeyboardInterrupt:
            click.echo("stopping")


estorm.add_command(ca_group, "ca")
estorm.add_command(chaos_group)
estorm.add_command(exporter_group)
estorm.add_command(logs_group)
estorm.add_command(probe)


def _tell_endpoints(found: Endpoints, path: Path | None) -> None:
    if path:
        found.write(path)
    for line in _endpoint_table(found):
        click.echo(line)


def _lab_scenario(path: Path | None, *, nginx: bool) -> Scenario:
    scenario = read_scenario(path) if path else default_scenario()
    if nginx:
        scenario = msgspec.structs.replace(scenario, ra=msgspec.structs.replace(scenario.ra, front="nginx"))
    return scenario


def _lab_settings(path: Path | None, *, nginx: bool) -> LabSettings:
    return _lab_scenario(path, nginx=nginx).lab_settings


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


def _display() -> Display:
    if sys.stdout.isatty():
        return TerminalDisplay(Console())
    return PlainDisplay(click.echo, time.monotonic)


def _endpoint_table(endpoints: Endpoints) -> Iterator[str]:
    fields = msgspec.to_builtins(endpoints)
    for name, value in fields.items():
        rows = value.items() if isinstance(value, dict) else [("", value)]
        for key, each in rows:
            yield f"{f'{name} {key}'.strip():<14} {each}"


@contextlib.contextmanager
def _sigterm_interrupts() -> Iterator[None]:
    """Let SIGTERM unwind the stack as Ctrl-C does, so that every owner stops what it started."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def main() -> None:
    """Run the command line; every expected failure is one line on standard error."""
    try:
        with _sigterm_interrupts():
            estorm(standalone_mode=False)
    except (LoadtestError, TestbedError, ChaosError) as error:
        _fail(str(error), EXIT_USAGE)
    except click.ClickException as error:
        _fail(error.format_message(), EXIT_USAGE)
    except (KeyboardInterrupt, click.Abort):
        sys.exit(EXIT_INTERRUPTED)


def _fail(message: str, exit_code: int) -> None:
    click.echo(f"estorm: {' '.join(message.split())}", err=True)
    sys.exit(exit_code)
