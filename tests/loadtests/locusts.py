"""Stock Locust with our locustfile, as a user starts it: a process, and what it leaves."""

import contextlib
import os
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import psutil

from loadtests.phones.phone import PhoneNames
from loadtests.results.journal import Attempt, JournalReader
from tests.loadtests.est_server import EstServer
from tests.processes import wait_until

LOCUSTFILE = Path(__file__).parents[2] / "loadtests" / "locustfile.py"
PHONES = 40
Locust = Callable[..., "subprocess.Popen[str]"]


@contextlib.contextmanager
def locusts_at(est_server: EstServer, journal: Path) -> Iterator[Locust]:
    """Starts Locust against the EST server; stops what a test leaves running."""
    with contextlib.ExitStack() as owned:

        def start(
            *options: str,
            host: str | None = None,
            environment: Mapping[str, str] | None = None,
            locustfile: Path = LOCUSTFILE,
        ) -> "subprocess.Popen[str]":
            command = [sys.executable, "-m", "locust", "-f", str(locustfile), "--only-summary"]
            command += ["--trust-anchor", str(est_server.ca.trust_anchor), "--key-type", "p-256"]
            command += ["--phones", str(PHONES), "--journal", str(journal)]
            command += ["--host", est_server.url if host is None else host, *options]
            given = {"ESTORM_EST_PASSWORD": "secret", **(environment or {})}
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                text=True, env={**os.environ, **given}, start_new_session=True,
            )  # fmt: skip
            owned.enter_context(process)
            owned.callback(process.kill)
            return process

        yield start


def ended(process: "subprocess.Popen[str]") -> str:
    output, _ = process.communicate(timeout=60)
    return output


def attempts(journal: Path) -> list[Attempt]:
    return list(JournalReader(journal).new())


def wait_for(condition: Callable[[], object]) -> None:
    """Wait until it comes to pass; fails when it does not."""
    assert wait_until(condition), "it did not come to pass"


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


def on_free_port() -> tuple[str, str]:
    """For --processes: where the master listens, and where its workers look for it."""
    port = free_port()
    return f"--master-bind-port={port}", f"--master-port={port}"


def session_of(pid: int) -> list[psutil.Process]:
    """Every process of the session that `pid` led, alive still."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, ProcessLookupError):
            if os.getsid(process.pid) == pid and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found


def assert_each_phone_enrolled_once(made: list[Attempt]) -> None:
    names = PhoneNames(1)
    assert Counter(attempt.phone for attempt in made) == {names.name(index): 1 for index in range(PHONES)}
    assert [attempt.reason for attempt in made if not attempt.enrolled] == []
