"""Ctrl-C at any moment of an experiment: no process, port, file or skew stays."""

import random
import signal
import tempfile
import time
from pathlib import Path

import psutil
import pytest

from tests.processes import family_of, running_estorm, wait_until

SEED = 20261123
LATEST_SECONDS = 9.0


def listening(processes: list[psutil.Process]) -> set[int]:
    ports = set()
    for process in processes:
        try:
            ports |= {
                each.laddr.port for each in process.net_connections() if each.status == psutil.CONN_LISTEN
            }
        except psutil.NoSuchProcess:
            continue
    return ports


def all_listening() -> set[int]:
    return {each.laddr.port for each in psutil.net_connections("tcp") if each.status == psutil.CONN_LISTEN}


def left_files(pids: set[int]) -> list[Path]:
    """Scratch directories and shared memory that carry one of these processes' numbers."""
    found = [*Path(tempfile.gettempdir()).glob("estorm-*"), *Path("/dev/shm").glob("*faketime*")]
    return [path for path in found if any(part.isdigit() and int(part) in pids for part in words(path))]


def words(path: Path) -> list[str]:
    return path.name.replace("_", "-").replace(".", "-").split("-")


@pytest.mark.parametrize("turn", range(4))
def test_ctrl_c_leaves_nothing(turn: int, tmp_path: Path) -> None:
    moment_seconds = random.Random(f"{SEED} {turn}").uniform(0.3, LATEST_SECONDS)
    known: dict[int, psutil.Process] = {}
    ports: set[int] = set()
    with running_estorm("chaos", "run", "clock-skew", "--out", "run", cwd=tmp_path) as process:
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
    assert wait_until(lambda: not any(each.is_running() for each in known.values()), 10), known
    assert ports & all_listening() == set()
    assert wait_until(lambda: left_files(pids) == [], 10), left_files(pids)
