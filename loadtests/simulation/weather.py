"""What befalls the CA and the way to it: outages, slow times, and how long a connection takes in them."""

from collections.abc import Callable
from typing import NamedTuple

from loadtests.simulation.clockwork import Action, Clockwork
from loadtests.simulation.settings import ChainModel, Outage, Slowness, Step
from testbed.ca.distributions import drawer


class Connecting(NamedTuple):
    """A connection to the CA is there after so many seconds, or `failed` is known by then."""

    seconds: float
    failed: bool


class Weather:
    """The outages and slow times of a chain, as they are at the clock's time.

    `changes`: steps may be slower at times. `is_free`: connections to the CA take no time and never fail.
    `work` calls an action when the CA has worked so long; one that is frozen by then is late.
    """

    def __init__(self, model: ChainModel, clock: Clockwork) -> None:
        self._clock = clock
        self._slowness = model.slowness
        self._outages = tuple(each for each in model.outages if each.kind != "unresolved")
        self._unresolved = tuple(each for each in model.outages if each.kind == "unresolved")
        self._freezes = tuple(each for each in model.outages if each.kind == "freeze")
        overheads, self._connect_limit = model.overheads, model.ra.timers.connect_seconds
        self._resolve_limit = model.ra.resolver.seconds
        self._resolve = drawer(overheads.resolve, model.seed, "resolve")
        self._connect = drawer(overheads.connect, model.seed, "connect")
        self.changes = bool(model.slowness)
        # What is asked for every request must not look for outages where there are none.
        self.work: Callable[[float, Action], None] = self._work_on if self._freezes else clock.after
        self.is_free = not (overheads.resolve or overheads.connect or self._freezes or self._unresolved)

    def factor(self, step: Step) -> float:
        """How many times as long as usual a step takes now."""
        factor = 1.0
        for slow in self._slowness:
            named = step not in ("connect", "resolve") if slow.stage is None else slow.stage == step
            if named and _lasts(slow, self._clock.now):
                factor *= slow.factor
        return factor

    def outage(self) -> Outage | None:
        """What befalls a request that comes now."""
        if not self._outages:
            return None
        return next((outage for outage in self._outages if _lasts(outage, self._clock.now)), None)

    def _work_on(self, seconds: float, action: Action) -> None:
        for freeze in self._freezes:
            if _lasts(freeze, self._clock.now + seconds):
                seconds = freeze.until_seconds - self._clock.now
        self._clock.after(seconds, action)

    def connecting(self) -> Connecting:
        """What becomes of a connection that is begun now, by the RA's timers for it."""
        now = self._clock.now
        resolve = self._resolve() * self.factor("resolve")
        if resolve > self._resolve_limit or any(_lasts(each, now) for each in self._unresolved):
            return Connecting(min(self._resolve_limit, self._connect_limit), failed=True)
        connected = now + resolve + self._connect() * self.factor("connect")
        for freeze in self._freezes:
            if _lasts(freeze, now + resolve) or _lasts(freeze, connected):
                connected = freeze.until_seconds
        if connected - now > self._connect_limit:
            return Connecting(self._connect_limit, failed=True)
        return Connecting(connected - now, failed=False)


def _lasts(span: Outage | Slowness, moment: float) -> bool:
    return span.from_seconds <= moment < span.until_seconds
