"""The load generator as a child process: stock Locust with our locustfile, told what to do by its options."""

import os
import socket
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from chaos.settings import ENDPOINTS_VARIABLE
from loadtests.est.client import EstTarget
from loadtests.listening import Listen
from loadtests.scenario import Scenario
from loadtests.targets.settings import LAB, TargetSettings
from testbed.metrics_settings import MetricsSettings
from testbed.supervision import ended_within, terminate

LOCUSTFILE = Path(__file__).parents[1] / "locustfile.py"
_SHOWN_LINES = 5


@dataclass(frozen=True, slots=True)
class EstServer:
    """The EST server to enroll at, the PEM file its certificate chains to, user and password.

    Of `settings` only the manners count: profile, authentication, TLS, proof of possession, expected chain.
    """

    target: EstTarget
    trust_anchor: Path
    user: str
    password: str
    settings: TargetSettings = LAB

    @property
    def options(self) -> dict[str, object]:
        """The load generator's options for it, the password apart."""
        return {
            "--host": f"https://{self.target.authority}",
            "--est-segment": self.target.segment,
            "--est-user": self.user,
            "--est-auth": self.settings.auth.value,
            "--trust-anchor": self.trust_anchor,
            "--client-certificate": self.settings.client_certificate,
            "--client-key": self.settings.client_key,
            "--tls-min": self.settings.tls_minimum.value,
            "--tls-max": self.settings.tls_maximum.value,
            "--pop": "yes" if self.settings.proof_of_possession else "",
            "--est-profile": self.settings.profile.value,
            "--lsc-chain": self.settings.lsc_chain,
        }


@dataclass(frozen=True, slots=True)
class Output:
    """Where the generator writes: journal directory, CAPF trace, its own output.

    With `metrics_targets` it serves metrics, says there where, and calls the run `run_id`.
    With `endpoints` there is a chain to break, by the scenario's schedule, which leaves `annotations`.
    """

    journal: Path
    capf_trace: Path
    log: Path
    metrics_targets: Path | None = None
    run_id: str = ""
    endpoints: Path | None = None
    annotations: Path | None = None

    def metrics_options(self, metrics: MetricsSettings) -> dict[str, object]:
        """The load generator's options for its metrics."""
        if self.metrics_targets is None:
            return {}
        return {
            "--metrics-listen": Listen(metrics.host, metrics.port),
            "--metrics-web-config": metrics.web_config,
            "--metrics-targets": self.metrics_targets,
            "--run-id": self.run_id,
        }


@dataclass(frozen=True, slots=True)
class Supplies:
    """What was made for the phones before they start, and which of them start.

    `roster` None: all of `phones`; `lscs`: the device table whose LSCs they show; `finish_by`: seconds since
    the epoch, None without a deadline; `requests` None: each phone makes its own as it starts.
    """

    keys: Path
    phones: int
    roster: Path | None = None
    lscs: Path | None = None
    finish_by: float | None = None
    requests: Path | None = None


class Generator:
    """Locust as a child of this process; a context manager that never leaves it running.

    `environment` is added to this process's own: a clock of its own, for one (`chaos.clock.faketime`).
    """

    def __init__(
        self,
        scenario: Scenario,
        server: EstServer,
        supplies: Supplies,
        output: Output,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._command = locust_command(scenario, server, supplies, output)
        self._environment = {"ESTORM_EST_PASSWORD": server.password, **(environment or {})}
        self._log = output.log
        self._endpoints = output.endpoints
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        environment = {**os.environ, **self._environment}
        if self._endpoints:
            environment |= {ENDPOINTS_VARIABLE: str(self._endpoints)}
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

    def ends_within(self, seconds: float) -> bool:
        """Wait for Locust's end, `seconds` at most; whether it has ended."""
        assert self._process is not None
        return ended_within(self._process, seconds)

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


def locust_command(scenario: Scenario, server: EstServer, supplies: Supplies, output: Output) -> list[str]:
    """The command line that runs `scenario`; the password goes by environment, never by argument."""
    users = locust_users(scenario)
    options = (
        server.options
        | {
            "--locustfile": LOCUSTFILE,
            "--users": users,
            "--spawn-rate": users,
            "--phones": supplies.phones,
            "--phones-seed": scenario.seed,
            "--arrivals": ""
            if scenario.arrivals.closed_phones
            else msgspec.json.encode(scenario.arrivals).decode(),
            "--key-type": scenario.phones.key.value,
            "--keys-file": supplies.keys,
            "--requests-file": supplies.requests or "",
            "--quick-ack": "yes" if scenario.generator.quick_ack else "",
            "--tls-library": scenario.generator.tls.value,
            "--roster": supplies.roster or "",
            "--lscs": supplies.lscs or "",
            "--finish-by": supplies.finish_by or 0.0,
            "--capf-auth-mode": scenario.phones.authentication_mode.value,
            "--retry-attempts": scenario.phones.retry.attempts,
            "--retry-spacing": scenario.phones.retry.spacing_seconds,
            "--device-spool": output.journal,
            "--key-pool-size": scenario.phones.key_pool_size,
            "--operation": scenario.phones.operation.value,
            "--read-timeout": scenario.phones.read_timeout_seconds,
            "--handshake-timeout": scenario.phones.handshake_timeout_seconds,
            "--journal": output.journal,
            "--capf-trace": output.capf_trace,
            "--supervisor-pid": os.getpid(),
            "--scenario-name": scenario.name,
        }
        | output.metrics_options(scenario.generator.metrics)
        | _chaos(scenario, output)
    )
    if scenario.generator.processes > 1:
        options |= _processes(scenario.generator.processes)
    flat = [f"{name}={value}" for name, value in options.items() if str(value)]
    return [sys.executable, "-m", "locust", "--headless", "--only-summary", "--exit-code-on-error=0", *flat]


def _chaos(scenario: Scenario, output: Output) -> dict[str, object]:
    """Locust's options for the scenario's schedule of faults."""
    if scenario.chaos is None or not scenario.chaos.schedule:
        return {}
    return {
        "--chaos-schedule": msgspec.json.encode(scenario.chaos.schedule).decode(),
        "--chaos-annotations": output.annotations or "",
        "--grafana-url": scenario.chaos.grafana_url,
    }


def _processes(count: int) -> dict[str, object]:
    """Locust's options for a master and `count` workers on this machine, on a port that is free."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    return {
        "--processes": count, "--master-bind-host": "127.0.0.1", "--master-bind-port": port,
        "--master-host": "127.0.0.1", "--master-port": port,
    }  # fmt: skip


def locust_users(scenario: Scenario) -> int:
    """How many users Locust has: in a closed run each enrolls phone after phone; an open run needs one."""
    return min(scenario.phones.count, scenario.arrivals.closed_phones) or scenario.generator.processes
