"""CPU time is counted from the mark, and kept when a process dies."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from loadtests.storm.cpu import CpuMeter, child_running

BUSY = """
import time
start = time.process_time()
while time.process_time() - start < 0.3:
    pass
print("done", flush=True)
input()
"""


@pytest.fixture
def busy() -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-c", BUSY], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield process
        process.kill()


def test_the_seconds_of_a_process_are_those_since_the_mark(busy: subprocess.Popen[str]) -> None:
    meter = CpuMeter(lambda: {"busy": busy.pid})
    meter.mark()
    assert busy.stdout is not None
    busy.stdout.readline()
    meter.sample()
    assert 0.2 < meter.seconds()["busy"] < 2


def test_a_killed_process_keeps_what_it_used(busy: subprocess.Popen[str]) -> None:
    meter = CpuMeter(lambda: {"busy": busy.pid})
    assert busy.stdout is not None
    busy.stdout.readline()
    meter.sample()
    before = meter.seconds()
    busy.kill()
    busy.wait()
    meter.sample()
    assert meter.seconds() == before
    assert before["busy"] > 0.2


def test_a_child_is_found_by_the_program_that_it_runs(tmp_path: Path) -> None:
    program = tmp_path / "front-of-test"
    program.symlink_to(shutil.which("cat") or "")
    with subprocess.Popen([program], stdin=subprocess.PIPE) as child:
        assert child_running(os.getpid(), program.name) == child.pid
        assert child_running(os.getpid(), f"/usr/sbin/{program.name}") == child.pid
        assert child_running(os.getpid(), "nginx") == 0


def test_a_process_that_is_gone_has_no_child() -> None:
    assert child_running(2**22 + 1, "nginx") == 0


def test_a_process_that_was_started_anew_adds_to_the_one_before(busy: subprocess.Popen[str]) -> None:
    pids = {"busy": busy.pid}
    meter = CpuMeter(lambda: pids)
    assert busy.stdout is not None
    busy.stdout.readline()
    meter.sample()
    before = meter.seconds()["busy"]
    pids["busy"] = 0
    meter.sample()
    assert meter.seconds()["busy"] == before
    command = [sys.executable, "-c", BUSY]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as next_one:
        pids["busy"] = next_one.pid
        assert next_one.stdout is not None
        next_one.stdout.readline()
        meter.sample()
    assert meter.seconds()["busy"] > before + 0.2
