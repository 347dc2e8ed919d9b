"""The RA's pool of connections that stay logged in at the CA. As `testbed/ra/certsrv/handles.py` has it."""

from collections import deque
from collections.abc import Callable

from loadtests.simulation.clockwork import Action, Clockwork, Timer


class _Waiter:
    __slots__ = ("_given_up", "got", "timer")

    def __init__(
        self, clock: Clockwork, seconds: float, got: Callable[[bool], None], given_up: Action
    ) -> None:
        self.got: Callable[[bool], None] | None = got
        self._given_up = given_up
        self.timer: Timer = clock.timer(seconds, self._time_out)

    def _time_out(self) -> None:
        self.got = None
        self._given_up()


class KeptConnections:
    """At most `size` connections; the one used last goes out first, one unused for long is closed."""

    def __init__(self, clock: Clockwork, size: int, idle_seconds: float, wait_seconds: float) -> None:
        self._clock = clock
        self._free, self._idle_seconds, self._wait_seconds = size, idle_seconds, wait_seconds
        self._idle: deque[float] = deque()
        self._waiting: deque[_Waiter] = deque()

    def take(self, got: Callable[[bool], None], given_up: Action) -> None:
        """`got` is called with a connection, told whether it is logged in; `given_up` when all stay taken."""
        if self._free:
            self._free -= 1
            got(self._is_logged_in())
        else:
            self._waiting.append(_Waiter(self._clock, self._wait_seconds, got, given_up))

    def give_back(self, *, logged_in: bool) -> None:
        """The connection is not needed any more; the next who waits gets it."""
        if logged_in:
            self._idle.append(self._clock.now)
        while self._waiting:
            waiter = self._waiting.popleft()
            if waiter.got is not None:
                waiter.timer.stop()
                waiter.got(self._is_logged_in())
                return
        self._free += 1

    def _is_logged_in(self) -> bool:
        oldest = self._clock.now - self._idle_seconds
        while self._idle and self._idle[0] < oldest:
            self._idle.popleft()
        if not self._idle:
            return False
        self._idle.pop()
        return True
