"""A schedule of faults attached to any locustfile, on the load's own clock.

    from locust import events
    from chaos import hooks

    @events.init.add_listener
    def attach(environment, **_):
        hooks.attach(environment, schedule, system)

`schedule` is what `chaos.schedule.read_schedule` gives, `system` a `chaos.system.System`. Each fault's start
and end, and its failure, is a Locust event (`fault_start`, `fault_end`, `fault_failed`, each with a Note), a
line of the log and whatever else listens. In a distributed run the master strikes, the workers do not.

t = 0 is Locust's `test_start`, or, where the locustfile has an event `load_start`, the moment that one names:
`environment.events.load_start.fire(at=...)`, seconds since the epoch. Faults end when the test stops, however
it does; they end in order, so that none is cut off half-way.
"""

import atexit
import contextlib
import time
from collections.abc import Callable, Iterable, Sequence

import gevent  # type: ignore[import-untyped]
from gevent.event import Event as Flag  # type: ignore[import-untyped]
from gevent.pool import Group  # type: ignore[import-untyped]
from locust.env import Environment
from locust.event import EventHook
from locust.runners import WorkerRunner

from chaos.schedule import Plan, Strike
from chaos.striking import FaultMetrics, Listener, Note, Striker, log
from chaos.system import System
from testbed.clock import steady_clock

EVENTS = ("fault_start", "fault_end", "fault_failed")
LOAD_START = "load_start"
_POLL_SECONDS = 0.05
_END_SECONDS = 60.0


def attach(
    environment: Environment, schedule: Sequence[Plan], system: System, listeners: Iterable[Listener] = ()
) -> "Attached | None":
    """Run the schedule with each test of `environment`; None in a worker, whose master runs it."""
    if isinstance(environment.runner, WorkerRunner):
        return None
    attached = Attached(environment, schedule, system, tuple(listeners))
    events = environment.events
    start = getattr(events, LOAD_START, None)
    if start is None:
        events.test_start.add_listener(lambda **_: attached.start())  # type: ignore[no-untyped-call]
    else:
        start.add_listener(lambda at, **_: attached.start(at))
    for event in (events.test_stopping, events.test_stop, events.quitting):
        event.add_listener(lambda **_: attached.stop())  # type: ignore[no-untyped-call]
    atexit.register(attached.stop)
    return attached


def announce(environment: Environment) -> None:
    """Have `environment` an event `load_start`, for those who attach later."""
    add_event(environment, LOAD_START)


def add_event(environment: Environment, name: str) -> None:
    """Have `environment` an event of this name, for whoever comes first, its listener or what fires it."""
    if not hasattr(environment.events, name):
        setattr(environment.events, name, EventHook())  # type: ignore[no-untyped-call]


class Attached:
    """A schedule that runs beside a load. `metrics` may be registered with Prometheus."""

    def __init__(
        self,
        environment: Environment,
        schedule: Sequence[Plan],
        system: System,
        listeners: tuple[Listener, ...],
        clock: Callable[[], float] | None = None,
    ) -> None:
        for name in EVENTS:
            add_event(environment, name)
        self.metrics = FaultMetrics()
        self._environment = environment
        self._schedule = tuple(schedule)
        self._seed = system.seed
        # A fault may set this very process's clock.
        self._clock = clock or steady_clock(time.time, time.monotonic)
        self._striker = Striker(system, (self.metrics.take, log, self._fire, *listeners), self._clock)
        self._stopping = Flag()
        self._followers = Group()
        self._origin = 0.0

    def start(self, at: float | None = None) -> None:
        """The load starts: now, or at this moment, in seconds since the epoch."""
        self.stop()
        self._stopping.clear()
        ahead_seconds = 0.0 if at is None else at - self._clock()
        self._origin = time.monotonic() + ahead_seconds
        for plan in self._schedule:
            self._followers.start(gevent.Greenlet(self._follow, plan))

    def stop(self) -> None:
        """End every fault, and return when they have ended."""
        self._stopping.set()
        self._followers.join(timeout=_END_SECONDS)
        self._followers.kill(block=True)

    def _follow(self, plan: Plan) -> None:
        for strike in plan.strikes(self._seed):
            if not self._reaches(strike.start, strike.by):
                return
            # The striker tells of one that fails; the next may fare better.
            with contextlib.suppress(Exception), self._striker.struck(strike.name, strike.fault):
                self._last(strike)

    def _last(self, strike: Strike) -> None:
        """Return when the strike is to end."""
        began = time.monotonic()
        until = None if strike.seconds is None else began + strike.seconds
        if strike.by == "seconds" and strike.seconds is not None:
            until = max(began, self._origin + strike.start + strike.seconds)
        if strike.end is None:
            self._stopping.wait(None if until is None else max(0.0, until - began))
        else:
            self._reaches(strike.end, strike.by, until)

    def _reaches(self, moment: float, by: str, until: float | None = None) -> bool:
        """Wait for the load to reach the moment, or for `until`; False when the test stops before."""
        if by == "seconds":
            due = self._origin + moment if until is None else min(until, self._origin + moment)
            return not self._stopping.wait(max(0.0, due - time.monotonic()))
        while self._enrolled() < moment and (until is None or time.monotonic() < until):
            if self._stopping.wait(_POLL_SECONDS):
                return False
        return not self._stopping.is_set()

    def _enrolled(self) -> int:
        """Requests without an error so far, of all workers: phones enrolled, for our load."""
        total = self._environment.stats.total
        return int(total.num_requests - total.num_failures)

    def _fire(self, note: Note) -> None:
        getattr(self._environment.events, f"fault_{note.event}").fire(note=note)
