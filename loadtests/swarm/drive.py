"""One fleet's course in one process, from its keys to its last phone, and how it is cut short."""

from typing import Protocol

import gevent  # type: ignore[import-untyped]
from gevent.event import Event  # type: ignore[import-untyped]

from loadtests.errors import LoadtestError
from loadtests.swarm.fleet import Fleet


class Supervisor(Protocol):
    """Who is told how a fleet gets on."""

    def ready(self) -> None:
        """The fleet waits for `Drive.go`."""
        ...

    def ended(self, error: LoadtestError | None) -> None:
        """The fleet has ended, with an error when it did so by itself."""
        ...


class Drive:
    """Drives one fleet in a greenlet of its own: prepare, wait for `go`, run to the end."""

    def __init__(self, fleet: Fleet, supervisor: Supervisor) -> None:
        self.fleet = fleet
        self._supervisor = supervisor
        self._go = Event()
        self._at: float | None = None
        self._greenlet = gevent.spawn(self._run)

    def go(self, at: float | None = None) -> None:
        """Start the clock: now, or at this moment, in seconds since the epoch."""
        self._at = at
        self._go.set()

    def stop(self) -> None:
        """End the fleet early and wait until its last phone has ended; nothing to do if it has ended."""
        if self._go.is_set():
            self.fleet.finish()
            self._greenlet.join()
        else:
            self._greenlet.kill()
            self.fleet.finish()

    def _run(self) -> None:
        error: LoadtestError | None = None
        try:
            self.fleet.prepare()
            self._supervisor.ready()
            self._go.wait()
            self.fleet.start(self._at)
            self.fleet.wait()
            error = self.fleet.failure
        except LoadtestError as why:
            error = why
        finally:
            self.fleet.close()
        self._supervisor.ended(error)
