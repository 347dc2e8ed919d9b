"""Whichever way its owner ends, and whenever, nothing of a rig stays: no process, port, proxy or clock."""

import contextlib
import os
import random
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest

from chaos.control.client import ControlClient
from chaos.endpoints import ChainSystem, ChaosEndpoints, read_endpoints
from chaos.errors import ControlRefused
from chaos.settings import ChaosSettings
from tests.chaos.rigs import running_rig
from tests.processes import all_gone, await_file, command_line, family_of, wait_until

pytestmark = pytest.mark.long

ROOT = Path(__file__).parents[2]
OWNER = """
import sys
from pathlib import Path
from chaos.settings import ChaosSettings
from testbed.errors import PartFailed
from tests.chaos.rigs import running_rig

directory = Path(sys.argv[1])
try:
    with running_rig(directory, ChaosSettings(clock=True)) as rig:
        rig.endpoints.write(directory / "endpoints.json")
        rig.watch()
except KeyboardInterrupt:
    pass
"""


@contextlib.contextmanager
def owner(directory: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that owns a rig; it writes `endpoints.json` when all of it serves."""
    with subprocess.Popen(
        [sys.executable, "-c", OWNER, str(directory)], cwd=ROOT, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as process:  # fmt: skip
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()


def ready(process: subprocess.Popen[str], directory: Path) -> ChaosEndpoints:
    path = directory / "endpoints.json"
    await_file(path, process)
    return read_endpoints(path)


def urls(endpoints: ChaosEndpoints) -> list[str]:
    parts = [endpoints.ca, endpoints.ra, endpoints.management, *endpoints.metrics.values()]
    return [*parts, endpoints.control, endpoints.toxiproxy, endpoints.dns]


def answers(url: str) -> bool:
    where = urlsplit(url)
    assert where.hostname
    with contextlib.suppress(OSError), socket.create_connection((where.hostname, where.port or 443), 5):
        return True
    return False


def left_by(owner_pid: int, family: list[psutil.Process]) -> list[str]:
    """Directories with keys, what libfaketime has in shared memory, and processes that were not counted."""
    pids = pids_of(owner_pid, family)
    files = [*Path(tempfile.gettempdir()).glob("estorm-*"), *Path("/dev/shm").glob("*faketime*")]
    found = [path.name for path in files if pids & set(re.split("[-_]", path.name))]
    return found + strays(owner_pid, family)


def strays(owner_pid: int, family: list[psutil.Process]) -> list[str]:
    """Processes that were started with a file in a scratch directory of one of these."""
    pids = pids_of(owner_pid, family)
    lines = [" ".join(command_line(each)) for each in psutil.process_iter()]
    return [line for line in lines if pids & set(re.findall(r"/estorm-[a-z]+-(\d+)-", line))]


def pids_of(owner_pid: int, family: list[psutil.Process]) -> set[str]:
    return {str(owner_pid), *(str(each.pid) for each in family)}


def test_nothing_runs_on_when_the_owner_is_killed(tmp_path: Path) -> None:
    with owner(tmp_path) as process:
        endpoints = ready(process, tmp_path)
        with ChainSystem(endpoints) as system:
            system.control.restart("ca")
            system.proxies.add_toxic("ra-ca", "latency", {"latency": 100})
        family = family_of(process.pid)
        assert len(family) == 4
        assert all(map(answers, urls(endpoints)))
        process.kill()
        assert all_gone(family)
    assert strays(process.pid, family) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_nothing_stays_when_the_owner_is_told_to_end(tmp_path: Path, number: signal.Signals) -> None:
    with owner(tmp_path) as process:
        endpoints = ready(process, tmp_path)
        assert all(map(answers, urls(endpoints)))
        with ChainSystem(endpoints) as system:
            system.control.restart("ra")
            system.control.kill("ca")
        family = family_of(process.pid)
        assert len(family) == 3
        process.send_signal(number)
        _, complaint = process.communicate(timeout=20)
        assert all_gone(family)
    assert strays(process.pid, family) == []
    if number is signal.SIGINT:
        assert complaint == ""
        assert left_by(process.pid, family) == []


def test_nothing_stays_when_it_is_interrupted_while_it_starts(tmp_path: Path) -> None:
    dice = random.Random(7)
    for number in range(3):
        directory = tmp_path / str(number)
        directory.mkdir()
        with owner(directory) as process:
            assert wait_until(partial(family_of, process.pid))
            time.sleep(dice.uniform(0, 1.5))
            family = family_of(process.pid)
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=20)
            assert all_gone(family)
        assert left_by(process.pid, family) == []


def test_nothing_stays_when_it_is_interrupted_while_a_part_is_started_again(tmp_path: Path) -> None:
    with owner(tmp_path) as process, ThreadPoolExecutor() as pool:
        endpoints = ready(process, tmp_path)
        with ControlClient(endpoints.control) as control:
            restart = pool.submit(control.restart, "ra")
            time.sleep(random.Random(3).uniform(0.1, 0.6))
            family = family_of(process.pid)
            process.send_signal(signal.SIGINT)
            _, complaint = process.communicate(timeout=20)
            assert isinstance(restart.exception(), ControlRefused | None)
        assert all_gone(family)
    assert complaint == ""
    assert left_by(process.pid, family) == []


def test_nothing_stays_when_the_block_raises(tmp_path: Path) -> None:
    me = os.getpid()
    before = set(family_of(me))
    with pytest.raises(ZeroDivisionError), running_rig(tmp_path, ChaosSettings(clock=True)) as rig:  # noqa: PT012
        family = [each for each in family_of(me) if each not in before]
        pki = rig.endpoints.pki
        1 / 0  # noqa: B018
    assert len(family) == 4
    assert all_gone(family)
    assert left_by(-1, family) == []
    assert not Path(pki).exists()
