"""The RA's pool of connections that stay logged in at the CA. As `testbed/ra/certsrv/handles.py` has it."""

from collections import deque
from collections.abc import Callable
from functools import partial

from loadtests.simulation.clockwork import Action, Clockwork, Timer
from loadtests.simulation.station import Station

Got = Callable[[bool], None]


class _Waiter:
    __slots__ = ("_given_up", "_has_left", "_timer")

    def __init__(self, clock: Clockwork, seconds: float, given_up: Action) -> None:
        self._given_up, self._has_left = given_up, False
        self._timer: Timer = clock.timer(seconds, self._time_out)

    def stays(self) -> bool:
        """Whether a place that is free now is still wanted; nobody waits any more, either way."""
        self._timer.stop()
        return not self._has_left

    def _time_out(self) -> None:
        self._has_left = True
        self._given_up()


class KeptConnections:
    """At most `size` connections; the one used last goes out first, one unused for long is closed."""

    def __init__(self, clock: Clockwork, size: int, idle_seconds: float, wait_seconds: float) -> None:
        self._clock = clock
        self._places = Station(clock, size)
        self._idle_seconds, self._wait_seconds = idle_seconds, wait_seconds
        self._idle: deque[float] = deque()

    def take(self, got: Got, given_up: Action) -> None:
        """`got` is called with a connection, told whether it is logged in; `given_up` when all stay taken."""
        waiter = _Waiter(self._clock, self._wait_seconds, given_up) if self._places.is_full else None
        self._places.enter(partial(self._handed, got, waiter))

    def give_back(self, *, logged_in: bool) -> None:
        """The connection is not needed any more; the next who waits gets it."""
        if logged_in:
            self._idle.append(self._clock.now)
        self._places.leave()

    def held_seconds(self) -> float:
        """How long connections were taken until now, all added up."""
        return self._places.held_seconds()

    def _handed(self, got: Got, waiter: _Waiter | None) -> bool:
        if waiter and not waiter.stays():
            return False
        got(self._is_logged_in())
        return True

    def _is_logged_in(self) -> bool:
        oldest = self._clock.now - self._idle_seconds
        while self._idle and self._idle[0] < oldest:
            self._idle.popleft()
        if not self._idle:
            return False
        self._idle.pop()
        return True
