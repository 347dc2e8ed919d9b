"""Ctrl-C at any moment of an experiment: no process, port, file or skew stays."""

import contextlib
import random
import signal
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.processes import family_of, running_estorm, wait_until

pytestmark = pytest.mark.long

SEED = 20261123
TURNS = 3
LATEST_SECONDS = 9.0


def listening(processes: list[psutil.Process]) -> set[int]:
    ports: set[int] = set()
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            ports |= ports_of(process.net_connections("tcp"))
    return ports


def ports_of(connections: Iterable[Any]) -> set[int]:
    """Those that are listened on, of psutil's connections."""
    return {each.laddr.port for each in connections if each.status == psutil.CONN_LISTEN}


def left_files(pids: set[int]) -> list[Path]:
    """Scratch directories and shared memory that carry one of these processes' numbers."""
    found = [*Path(tempfile.gettempdir()).glob("estorm-*"), *Path("/dev/shm").glob("*faketime*")]
    return [path for path in found if any(part.isdigit() and int(part) in pids for part in words(path))]


def words(path: Path) -> list[str]:
    return path.name.replace("_", "-").replace(".", "-").split("-")


@pytest.mark.parametrize("turn", range(TURNS))
def test_ctrl_c_leaves_nothing(turn: int, tmp_path: Path) -> None:
    # One early, one late: what starts, what runs and what is being ended are all met.
    moment_seconds = (turn + random.Random(f"{SEED} {turn}").random()) / TURNS * LATEST_SECONDS
    known: dict[int, psutil.Process] = {}
    ports: set[int] = set()
    with running_estorm("chaos", "run", "clock-skew", "--out", "run", cwd=tmp_path) as process:
        assert process.stderr is not None
        assert "Running experiment" in process.stderr.readline()
        until = time.monotonic() + moment_seconds
        while time.monotonic() < until and process.poll() is None:
            family = family_of(process.pid)
            known |= {each.pid: each for each in family}
            ports |= listening(family)
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        said, complaint = process.communicate(timeout=60)
    pids = {process.pid, *known}
    assert process.returncode in (130, 0), said + complaint
    assert "Traceback" not in complaint
    assert "NOT met" not in said
    assert "failed:" not in said
    assert wait_until(lambda: not any(each.is_running() for each in known.values()), 10), known
    assert ports & ports_of(psutil.net_connections("tcp")) == set()
    assert wait_until(lambda: left_files(pids) == [], 10), left_files(pids)
