"""Servers with a queue before them, first come, first served."""

from collections import deque
from collections.abc import Callable

from loadtests.simulation.clockwork import Clockwork


class Station:
    """`servers` servers (0: as many as it takes); who is called has one until he says `leave`.

    `busy` are held now; `longest` is the longest queue there was.
    """

    __slots__ = ("_busy_seconds", "_clock", "_servers", "_since", "_waiting", "busy", "longest")

    def __init__(self, clock: Clockwork, servers: int) -> None:
        self._clock, self._servers = clock, servers
        self._waiting: deque[Callable[[], bool]] = deque()
        self.busy = 0
        self._busy_seconds = 0.0
        self.longest = 0
        self._since = 0.0

    @property
    def queued(self) -> int:
        """How many wait."""
        return len(self._waiting)

    @property
    def is_full(self) -> bool:
        """Whether who is called now has to wait."""
        return bool(self._servers) and self.busy >= self._servers

    def enter(self, take: Callable[[], bool]) -> None:
        """`take` is called once a server is free; it gives False when it does not want one any more."""
        if self.is_full:
            self._waiting.append(take)
            self.longest = max(self.longest, len(self._waiting))
            return
        self._occupy(1)
        if not take():
            self._occupy(-1)

    def leave(self) -> None:
        """Give the server back; the next in the queue gets it."""
        while self._waiting:
            if self._waiting.popleft()():
                return
        self._occupy(-1)

    def held_seconds(self) -> float:
        """How long servers were held until now, all added up."""
        self._occupy(0)
        return self._busy_seconds

    def _occupy(self, change: int) -> None:
        now = self._clock.now
        self._busy_seconds += self.busy * (now - self._since)
        self._since = now
        self.busy += change
