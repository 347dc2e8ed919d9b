"""A server that stands still for 5 s, seen by an open and a closed workload side by side.

The open one must tell what queueing theory says; the closed one, which is how Locust's users work, must be
shown to hide the stall: its users wait too, so that one slow sample stands for 250 phones.
"""

import contextlib
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import click
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from chaos.process import paused
from loadtests.est.client import parse_target
from loadtests.results import table
from loadtests.results.journal import JournalReader
from loadtests.results.measures import Measures, measure
from loadtests.scenario import Scenario, parse_scenario
from loadtests.storm.generator import EstServer
from loadtests.storm.progress import PlainDisplay
from loadtests.storm.run import Storm
from loadtests.storm.run_folder import RunFolder
from testbed.lab import Lab
from tests.benchmarks.arrivals import stalled_p99_seconds
from tests.processes import wait_until

RATE, RUN_SECONDS, STALL_SECONDS, STALL_AFTER_SECONDS = 50, 60, 5.0, 3.0
PHONES, CLOSED_PHONES = RATE * RUN_SECONDS, 1500
TOLERANCE = 0.05


def scenario(arrivals: str, phones: int) -> Scenario:
    text = f'seed = 1\n[phones]\ncount = {phones}\nkey = "p-256"\nkey_pool_size = 20\n[arrivals]\n{arrivals}'
    # No queue but the stall's own.
    return parse_scenario(text + '\n[ra.workers]\nmodel = "async"\n', "stall")


def drive(given: Scenario, path: Path, server: EstServer) -> Measures:
    folder = RunFolder(path)
    folder.logs.mkdir(parents=True)
    course = Storm(given, folder, PlainDisplay(lambda _line: None, lambda: 0.0)).run(server)
    return measure(table.build(course.attempts), given.phones.count, None)


@contextlib.contextmanager
def stalled_once(pid: int, *journals: Path) -> Iterator[list[float]]:
    """Freeze the process once, some time after a phone ended in each run; yields for how many seconds."""
    lasted: list[float] = []

    def stall() -> None:
        if wait_until(lambda: all(list(JournalReader(each).new()) for each in journals), 60):
            time.sleep(STALL_AFTER_SECONDS)
            with paused(pid):
                began = time.perf_counter()
                time.sleep(STALL_SECONDS)
            lasted.append(time.perf_counter() - began)

    thread = threading.Thread(target=stall)
    thread.start()
    try:
        yield lasted
    finally:
        thread.join()


@pytest.mark.benchmark(group="stall")
@pytest.mark.timeout(400)
def test_a_stall_is_told_by_the_open_workload_and_hidden_by_the_closed_one(
    benchmark: BenchmarkFixture, tmp_path: Path
) -> None:
    opened = scenario(f"rate_per_second = {RATE}", PHONES)
    closed = scenario("closed_phones = 1", CLOSED_PHONES)
    paths = tmp_path / "open", tmp_path / "closed"
    (tmp_path / "logs").mkdir()
    with Lab(opened.lab_settings, tmp_path / "logs", tmp_path / "ca.sqlite") as lab:
        ends = lab.endpoints
        server = EstServer(parse_target(ends.ra), Path(ends.trust_anchor), ends.est_user, ends.est_password)
        pace = drive(scenario("closed_phones = 32", 800), tmp_path / "pace", server)

        def stall_both() -> tuple[Measures, Measures, float]:
            with stalled_once(ends.pids["ra"], *paths) as lasted, ThreadPoolExecutor(2) as both:
                truth = both.submit(drive, opened, paths[0], server)
                hidden = both.submit(drive, closed, paths[1], server)
                return truth.result(), hidden.result(), lasted[0]

        truth, hidden, stall_seconds = benchmark.pedantic(stall_both, rounds=1)  # type: ignore[no-untyped-call]
    assert truth.latency_seconds is not None
    assert hidden.latency_seconds is not None
    theory = stalled_p99_seconds(
        RATE, pace.throughput_per_second, RUN_SECONDS, stall_seconds, truth.latency_seconds.p50
    )
    found, closed_p99 = truth.latency_seconds.p99, hidden.latency_seconds.p99
    click.echo(
        f"\nRA frozen for {stall_seconds:.2f} s in {RUN_SECONDS} s at {RATE}/s (its capacity "
        f"{pace.throughput_per_second:.0f}/s)\n"
        f"p99 from theory          {theory:7.3f} s\n"
        f"p99, open workload       {found:7.3f} s ({found / theory - 1:+.1%})\n"
        f"p99, closed workload     {closed_p99:7.3f} s ({closed_p99 / theory - 1:+.1%}), "
        f"{hidden.throughput_per_second:.0f}/s, its longest {hidden.latency_seconds.max:.3f} s"
    )
    benchmark.extra_info.update(theory=theory, open=found, closed=closed_p99)
    assert truth.phones.enrolled == PHONES
    assert found == pytest.approx(theory, rel=TOLERANCE)
    assert hidden.latency_seconds.max > stall_seconds - 1  # it was there
    assert closed_p99 < theory / 10
