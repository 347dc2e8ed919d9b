"""`estorm probe` and `estorm storm --dry-run`: one enrollment, explained; exit code 0 when it succeeded."""

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from loadtests import exits
from loadtests.est.client import parse_target
from loadtests.phones.settings import KeyType, Operation
from loadtests.scenario import Scenario
from loadtests.storm.generator import EstServer
from loadtests.targets.probe import Finding, Probe
from loadtests.targets.settings import TargetSettings, server_options, with_options
from loadtests.targets.target import server_of
from testbed.lab import Lab
from testbed.scratch import scratch_directory


@click.command()
@click.argument("url", metavar="https://HOST[:PORT][/SEGMENT]")
@click.option("--key", type=click.Choice([*map(str, KeyType)]), default="rsa-2048", help="Type of its key.")
@server_options
def probe(url: str, key: str, **given: object) -> None:
    """Enroll one phone at an EST server and explain each step.

    Nothing else is asked of the server. Exits 0 when the phone got a good LSC, 1 when it did not.
    """
    server = server_of(with_options(TargetSettings(), url, given))
    sys.exit(0 if explain(Probe(server, KeyType(key))) else exits.NOT_MET)


def dry_run(scenario: Scenario) -> bool:
    """Enroll one phone where the scenario's would, in a lab if it has no target; whether it succeeded."""
    phones = scenario.phones
    with _server(scenario) as server:
        return explain(Probe(server, phones.key, Operation(phones.operation)))


def explain(probe_of_server: Probe) -> bool:
    """Print what is found as it is found; whether the phone got its LSC."""
    failed = False
    for finding in probe_of_server.findings():
        for line in described(finding):
            click.echo(line)
        failed = finding.failed
    click.echo("a phone cannot enroll" if failed else "a phone can enroll")
    return not failed


def described(finding: Finding) -> Iterator[str]:
    """A step as lines: its name, what was seen, what to do."""
    yield f"{'FAILED' if finding.failed else finding.word:<7}{finding.step}"
    for line in finding.seen:
        yield f"       {line}"
    if finding.advice:
        yield f"       -> {finding.advice}"


@contextlib.contextmanager
def _server(scenario: Scenario) -> Iterator[EstServer]:
    if scenario.target.url:
        yield server_of(scenario.target)
        return
    with scratch_directory("probe") as scratch:
        logs = scratch / "logs"
        logs.mkdir()
        with Lab(scenario.lab_settings, logs, scratch / "ca.sqlite") as lab:
            ends = lab.endpoints
            anchor = Path(ends.trust_anchor)
            yield EstServer(parse_target(ends.ra), anchor, ends.est_user, ends.est_password)
