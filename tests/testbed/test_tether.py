"""A tethered process dies with its parent, even a paused one."""

import subprocess
import sys
import time
from collections.abc import Iterator

import psutil
import pytest

CHILD = "import os, time; from testbed.tether import die_with_parent; die_with_parent(os.getppid()); print('tied', flush=True); time.sleep(60)"  # noqa: E501
PARENT = f"""
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", {CHILD!r}], stdout=subprocess.PIPE, text=True)
child.stdout.readline()
print(child.pid, flush=True)
time.sleep(60)
"""


@pytest.fixture
def family() -> Iterator[tuple[psutil.Process, psutil.Process]]:
    with subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = psutil.Process(int(parent.stdout.readline()))
        yield psutil.Process(parent.pid), child
        parent.kill()


def ends_within(process: psutil.Process, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not process.is_running() or process.status() == psutil.STATUS_ZOMBIE:
            return True
        time.sleep(0.02)
    return False


def test_a_child_dies_when_its_parent_is_killed(family: tuple[psutil.Process, psutil.Process]) -> None:
    parent, child = family
    parent.kill()
    assert ends_within(child, 5)


def test_a_paused_child_dies_when_its_parent_is_killed(family: tuple[psutil.Process, psutil.Process]) -> None:
    parent, child = family
    child.suspend()
    parent.kill()
    assert ends_within(child, 5)


def test_a_child_whose_parent_has_already_gone_kills_itself() -> None:
    script = "from testbed.tether import die_with_parent; die_with_parent(999999999); print('alive')"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (-9, "")
