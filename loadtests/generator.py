"""The load generator as a child process: stock Locust with our locustfile, told what to do by its options."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from loadtests.est_client import EstTarget
from loadtests.scenario import Scenario
from testbed.supervision import terminate

LOCUSTFILE = Path(__file__).with_name("locustfile.py")
_SHOWN_LINES = 5


@dataclass(frozen=True, slots=True)
class EstServer:
    """The EST server to enroll at, the PEM file its certificate chains to, HTTP Basic user and password."""

    target: EstTarget
    trust_anchor: Path
    user: str
    password: str


@dataclass(frozen=True, slots=True)
class Output:
    """Where the generator writes: journal directory, CAPF trace, its own output."""

    journal: Path
    capf_trace: Path
    log: Path


class Generator:
    """Locust as a child of this process; a context manager that never leaves it running."""

    def __init__(self, scenario: Scenario, server: EstServer, keys: Path, output: Output) -> None:
        self._command = locust_command(scenario, server, keys, output)
        self._password = server.password
        self._log = output.log
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        environment = os.environ | {"ESTORM_EST_PASSWORD": self._password}
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment,
                start_new_session=True,
            )  # fmt: skip
        return self

    @property
    def pid(self) -> int:
        """The process id of Locust."""
        assert self._process is not None
        return self._process.pid

    def exit_code(self) -> int | None:
        """Locust's exit code, or None while it runs."""
        assert self._process is not None
        return self._process.poll()

    def last_lines(self) -> list[str]:
        """The last lines Locust wrote."""
        lines = self._log.read_text(errors="replace").splitlines()
        return [line for line in lines if line.strip()][-_SHOWN_LINES:]

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """End Locust in order: it lets phones under way finish as far as its own stop allows."""
        if self._process is not None:
            terminate(self._process)


def locust_command(scenario: Scenario, server: EstServer, keys: Path, output: Output) -> list[str]:
    """The command line that runs `scenario`; the password goes by environment, never by argument."""
    users = locust_users(scenario)
    options: dict[str, object] = {
        "--locustfile": LOCUSTFILE,
        "--host": f"https://{server.target.authority}",
        "--users": users,
        "--spawn-rate": users,
        "--phones": scenario.phones.count,
        "--phones-seed": scenario.seed,
        "--arrivals": ""
        if scenario.arrivals.closed_phones
        else msgspec.json.encode(scenario.arrivals).decode(),
        "--key-type": scenario.phones.key.value,
        "--keys-file": keys,
        "--key-pool-size": scenario.phones.key_pool_size,
        "--operation": scenario.phones.operation.value,
        "--read-timeout": scenario.phones.read_timeout_seconds,
        "--est-user": server.user,
        "--est-segment": server.target.segment,
        "--trust-anchor": server.trust_anchor,
        "--journal": output.journal,
        "--capf-trace": output.capf_trace,
        "--supervisor-pid": os.getpid(),
    }
    flat = [f"{name}={value}" for name, value in options.items() if str(value)]
    return [sys.executable, "-m", "locust", "--headless", "--only-summary", "--exit-code-on-error=0", *flat]


def locust_users(scenario: Scenario) -> int:
    """How many users Locust has: in a closed run each enrolls phone after phone; an open run needs one."""
    return min(scenario.phones.count, scenario.arrivals.closed_phones) or 1
