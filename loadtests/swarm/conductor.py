"""Who drives which phones: one process all of them, or a master that divides them among workers."""

from typing import Protocol

import gevent  # type: ignore[import-untyped]
from locust.env import Environment
from locust.runners import MasterRunner, WorkerRunner

from loadtests.arrivals.schedule import Shard
from loadtests.errors import LoadtestError, ScenarioError
from loadtests.swarm.division import MasterConductor, WorkerConductor
from loadtests.swarm.drive import Drive
from loadtests.swarm.exporting import meter_of
from loadtests.swarm.faults import announce_start
from loadtests.swarm.fleet import Fleet
from loadtests.swarm.locust_run import complain, end_test, options_of, reporter

_SETTLING_SECONDS = 0.25


class Conductor(Protocol):
    """One process's part in a run. Locust's events call it."""

    @property
    def fleet(self) -> Fleet | None:
        """The phones that this process drives now."""
        ...

    def start(self) -> None:
        """The test starts."""
        ...

    def stop(self) -> None:
        """The test stops; returns when this process's phones have ended."""
        ...


def conductor_for(environment: Environment) -> Conductor:
    """The conductor for the kind of process that `environment` runs in."""
    if isinstance(environment.runner, MasterRunner):
        return MasterConductor(environment, environment.runner)
    if isinstance(environment.runner, WorkerRunner):
        return WorkerConductor(environment, environment.runner)
    return LocalConductor(environment)


class LocalConductor:
    """Locust in one process."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self._drive: Drive | None = None
        self._stopping = False
        self._run = 0

    @property
    def fleet(self) -> Fleet | None:
        """The phones of the current run."""
        return self._drive.fleet if self._drive else None

    def start(self) -> None:
        """Drive the whole fleet."""
        self._stopping, self._run = False, self._run + 1
        try:
            options = options_of(self._environment)
        except ScenarioError as error:
            self.ended(error)
            return
        report = reporter(self._environment, options)
        meter = meter_of(self._environment, options)
        self._drive = Drive(Fleet(options, Shard(), report, self._run, meter), self)

    def stop(self) -> None:
        """Let the phones under way end."""
        self._stopping = True
        if self._drive:
            self._drive.stop()

    def ready(self) -> None:
        """Nobody to wait for but this process itself: Locust, memory, the schedule's first phones."""
        assert self._drive is not None
        at = self._drive.fleet.now() + _SETTLING_SECONDS
        announce_start(self._environment, at)
        self._drive.go(at)

    def ended(self, error: LoadtestError | None) -> None:
        """End the test, unless that is why the fleet ended."""
        if error:
            complain(self._environment, error)
        if not self._stopping:
            gevent.spawn(end_test, self._environment)
