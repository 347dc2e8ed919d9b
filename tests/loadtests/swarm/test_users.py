"""Processes of a load test end with those they belong to. Locust replaces sockets: never in this process."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.loadtests.est_server import EstServer, LabCa
from tests.loadtests.locusts import (
    LOCUSTFILE,
    Locust,
    attempts,
    ended,
    on_free_port,
    session_of,
    wait_for,
)

pytestmark = pytest.mark.long


def test_bad_usage_of_several_processes_leaves_none_behind(locust: Locust) -> None:
    process = locust("--headless", "--processes", "2", *on_free_port(), host="http://no")
    output = ended(process)
    assert process.returncode == 2, output
    assert len([line for line in output.splitlines() if "http://no" in line]) == 1, output
    wait_for(lambda: not session_of(process.pid))


def test_workers_die_with_their_master(locust: Locust, journal: Path) -> None:
    process = locust("--headless", "--processes", "2", "--arrival-rate", "1", *on_free_port())
    wait_for(lambda: attempts(journal))
    assert len(session_of(process.pid)) == 3
    process.send_signal(signal.SIGKILL)
    process.wait(10)
    wait_for(lambda: not session_of(process.pid))


SUPERVISE = """
import os, subprocess, sys
command = [*sys.argv[1:], "--supervisor-pid", str(os.getpid())]
subprocess.Popen(command).wait()
"""


def test_locust_dies_with_its_supervisor(est_server: EstServer, lab_ca: LabCa, journal: Path) -> None:
    command = [
        sys.executable, "-c", SUPERVISE, sys.executable, "-m", "locust", "-f", str(LOCUSTFILE), "--headless",
        "--host", est_server.url, "--trust-anchor", str(lab_ca.trust_anchor), "--key-type", "p-256",
        "--arrival-rate", "1", "--journal", str(journal), "--processes", "2",
        *on_free_port(),
    ]  # fmt: skip
    with subprocess.Popen(command, stderr=subprocess.DEVNULL, start_new_session=True) as supervisor:
        wait_for(lambda: attempts(journal))
        assert len(session_of(supervisor.pid)) == 4
        supervisor.kill()
    wait_for(lambda: not session_of(supervisor.pid))
