"""Two hosts: a master with one worker here, the other worker in a network namespace of its own.

Needs root and iproute2; skips with the reason otherwise.
"""

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from loadtests.swarm.worker_report import read_reports
from tests.loadtests import two_ways
from tests.loadtests.est_server import EstServer, make_ca, running_est_server

LOCUSTFILE = Path(__file__).parents[2] / "loadtests" / "locustfile.py"
HERE, THERE = "10.251.77.1", "10.251.77.2"
NAMESPACE = f"estorm-{os.getpid()}"
INSIDE, OUTSIDE = f"es-i-{os.getpid() % 10000}", f"es-o-{os.getpid() % 10000}"


@contextlib.contextmanager
def other_host() -> Iterator[list[str]]:
    """A network namespace joined to ours by a veth pair; gives the command that runs another one there."""
    if os.geteuid() or not shutil.which("ip"):
        pytest.skip("network namespaces need root and iproute2")
    made = subprocess.run(["ip", "netns", "add", NAMESPACE], capture_output=True, text=True, check=False)
    if made.returncode:
        pytest.skip(f"this system makes no network namespace: {made.stderr.strip()}")
    try:
        for line in (
            f"link add {OUTSIDE} type veth peer name {INSIDE} netns {NAMESPACE}",
            f"addr add {HERE}/30 dev {OUTSIDE}",
            f"link set {OUTSIDE} up",
            f"-n {NAMESPACE} addr add {THERE}/30 dev {INSIDE}",
            f"-n {NAMESPACE} link set {INSIDE} up",
            f"-n {NAMESPACE} link set lo up",
        ):
            subprocess.run(["ip", *line.split()], check=True)
        yield ["ip", "netns", "exec", NAMESPACE]
    finally:
        subprocess.run(["ip", "netns", "delete", NAMESPACE], check=True)


def locust(server: EstServer, schedule: str, journal: Path, *role: str) -> list[str]:
    journal.mkdir(exist_ok=True)
    return [
        sys.executable, "-m", "locust", "-f", str(LOCUSTFILE), "--headless", "--only-summary",
        "--host", server.url, "--trust-anchor", str(server.ca.trust_anchor), "--key-type", "p-256",
        "--phones", str(two_ways.PHONES), "--journal", str(journal), "--arrivals", schedule, *role,
    ]  # fmt: skip


@pytest.mark.benchmark(group="distribution")
@pytest.mark.timeout(180)
def test_two_hosts_measure_what_one_process_does(benchmark: BenchmarkFixture, tmp_path: Path) -> None:
    shape = two_ways.record_schedule(tmp_path / "times.txt")
    one, two = tmp_path / "one", tmp_path / "two"
    with other_host() as there, running_est_server(make_ca(tmp_path, HERE), host=HERE) as server:
        two_ways.answer_slowly(server)

        def both() -> None:
            subprocess.run(locust(server, shape, one), check=True, capture_output=True)
            worker = ("--worker", "--master-host", HERE)
            master = ("--master", "--master-bind-host", HERE, "--expect-workers", "2", "--users", "2")
            with (
                subprocess.Popen(locust(server, shape, two, *worker), stderr=subprocess.DEVNULL),
                subprocess.Popen([*there, *locust(server, shape, two, *worker)], stderr=subprocess.DEVNULL),
            ):
                subprocess.run(locust(server, shape, two, *master), check=True, capture_output=True)

        benchmark.pedantic(both, rounds=1)  # type: ignore[no-untyped-call]
    for journal in (one, two):
        two_ways.assert_histograms_tell_the_exact_percentiles(journal)
        two_ways.assert_no_division_changes_what_is_told(journal)
        click.echo(f"\n{journal.name}: {two_ways.from_histograms(journal)}")
    two_ways.assert_both_tell_the_same_but_for_what_the_machine_added(one, two)
    reports = read_reports(two)
    assert [report.ended for report in reports] == [True, True]
    click.echo(f"clocks ahead of the master's: {[report.clock_ahead_seconds for report in reports]} s")
