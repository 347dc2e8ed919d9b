"""A schedule attached to anyone's locustfile, under stock Locust, which replaces sockets: in processes."""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from chaos.annotations import FaultTime, read_fault_times

pytestmark = pytest.mark.long

LOCUSTFILE = Path(__file__).parent / "marking_locustfile.py"
MARK = {"fault": "test.mark"}


class Run:
    """One run of Locust with a schedule; what its faults left."""

    def __init__(self, folder: Path, schedule: list[dict[str, object]], *options: str) -> None:
        self.folder = folder
        command = [sys.executable, "-m", "locust", "-f", str(LOCUSTFILE), "--headless", "--only-summary"]
        environment = os.environ | {"FOLDER": str(folder), "SCHEDULE": json.dumps(schedule)}
        self.process = subprocess.Popen(
            [*command, *options], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, env=environment, start_new_session=True,
        )  # fmt: skip

    def output(self) -> str:
        said, _ = self.process.communicate(timeout=60)
        return said

    def record(self) -> list[str]:
        """What happened, without the process it happened in."""
        return [line.partition(" ")[2] for line in self.lines()]

    def lines(self) -> list[str]:
        with contextlib.suppress(FileNotFoundError):
            return (self.folder / "record.txt").read_text().splitlines()
        return []

    def marks(self) -> list[str]:
        return [line for line in self.record() if line.startswith(("in ", "out "))]

    def faults(self) -> list[FaultTime]:
        return read_fault_times(self.folder / "faults.jsonl")

    def wait_for(self, line: str, times: int = 1) -> None:
        deadline = time.monotonic() + 60
        while self.record().count(line) < times:
            assert time.monotonic() < deadline, self.record()
            time.sleep(0.01)

    def stop_after(self, line: str, times: int = 1) -> str:
        """Wait for the line to be there so often, end the run; what it said."""
        self.wait_for(line, times)
        self.process.send_signal(signal.SIGTERM)
        return self.output()


Start = Callable[..., Run]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    with contextlib.ExitStack() as owned:

        def started(schedule: list[dict[str, object]], *options: str) -> Run:
            run = Run(tmp_path, schedule, *options)
            owned.enter_context(run.process)
            owned.callback(run.process.kill)
            return run

        yield started


def test_faults_come_and_go_on_the_clock_of_the_load(start: Start) -> None:
    run = start([{"fault": MARK, "at": 0.2, "seconds": 0.6, "every": 1.2, "times": 2}])
    output = run.stop_after("out mark", 2)
    assert run.process.returncode == 0, output
    assert run.marks() == ["in mark 7", "out mark", "in mark 7", "out mark"]
    first, second = run.faults()
    assert first.started is not None
    assert second.started is not None
    assert first.ended is not None
    assert first.ended - first.started == pytest.approx(0.6, abs=0.5)
    assert second.started - first.started == pytest.approx(1.2, abs=0.5)
    assert re.search(
        r"INFO/chaos: fault start: test\.mark label=mark fails=False \(test\.mark#0\.0\)", output
    )
    assert re.search(r"INFO/chaos: fault end: test\.mark .*\(test\.mark#0\.1\)", output)


def test_start_and_end_are_events_and_a_series(start: Start) -> None:
    run = start([{"fault": MARK, "at": 0, "seconds": 0.2}])
    assert run.stop_after('event end test.mark#0.0 estorm_fault_active{fault="test.mark"} 0.0')
    assert [line for line in run.record() if line.startswith("event")] == [
        'event start test.mark#0.0 estorm_fault_active{fault="test.mark"} 1.0',
        'event end test.mark#0.0 estorm_fault_active{fault="test.mark"} 0.0',
    ]


def test_a_fault_without_an_end_ends_with_the_test(start: Start) -> None:
    run = start([{"fault": MARK, "at": 0}], "-t", "5s")
    assert run.output()
    assert run.marks() == ["in mark 7", "out mark"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_fault_ends_when_the_run_is_interrupted(start: Start, number: signal.Signals) -> None:
    run = start([{"fault": MARK, "at": 0}])
    run.wait_for("in mark 7")
    run.process.send_signal(number)
    assert run.output()
    assert run.marks() == ["in mark 7", "out mark"]
    assert [fault.ended is not None for fault in run.faults()] == [True]


def test_faults_may_follow_the_number_enrolled(start: Start) -> None:
    schedule: list[dict[str, object]] = [
        {"fault": MARK, "by": "enrolled", "during": {"from": 3, "to": 6}},
        {"fault": MARK | {"label": "never"}, "by": "enrolled", "at": 100_000},
    ]
    run = start(schedule)
    assert run.stop_after("out mark")
    assert run.marks() == ["in mark 7", "out mark"]
    assert run.faults()[0].ended is not None


def test_a_fault_that_does_not_take_hold_is_told_and_stops_nothing_else(start: Start) -> None:
    schedule: list[dict[str, object]] = [
        {"fault": MARK | {"fails": True}, "at": 0},
        {"fault": MARK, "at": 0.2, "seconds": 0.2},
    ]
    run = start(schedule)
    output = run.stop_after("out mark")
    assert "fault failed: test.mark label=mark fails=True (test.mark#0.0): it is a test" in output
    assert run.marks() == ["in mark 7", "out mark"]
    failed, struck = run.faults()
    assert (failed.started, failed.failure) == (None, "it is a test")
    assert (struck.failure, struck.ended is not None) == ("", True)


def test_in_a_distributed_run_the_master_alone_strikes(start: Start) -> None:
    run = start([{"fault": MARK, "at": 0.1, "seconds": 0.2}], "--processes", "2")
    assert run.stop_after("out mark")
    assert run.record().count("process") == 3
    assert run.marks() == ["in mark 7", "out mark"]
