"""What was drawn: which toxic strikes which connection."""

from collections import deque
from collections.abc import Iterator

import msgspec


class Draw(msgspec.Struct, frozen=True):
    """One throw: whether `toxic` strikes this connection. `start`: 0 when it opened, more after updates."""

    toxic: str
    type: str
    stream: str
    toxicity: float
    start: int
    applies: bool


class ConnectionFaults(msgspec.Struct, frozen=True):
    """What was drawn for one connection; `number` counts those of its proxy from 1, in order of arrival."""

    proxy: str
    number: int
    opened_epoch_seconds: float
    faults: list[Draw]


class FaultLog(msgspec.Struct, frozen=True):
    """The seed, and the faults drawn for recent connections, oldest first."""

    seed: int
    connections: list[ConnectionFaults]


class Recent:
    """The newest connections' faults, as many as are kept."""

    def __init__(self, kept: int) -> None:
        self._connections: deque[ConnectionFaults] = deque(maxlen=kept)

    def add(self, connection: ConnectionFaults) -> None:
        """Keep one more; the oldest goes when there are too many."""
        self._connections.append(connection)

    def of(self, proxy: str | None) -> Iterator[ConnectionFaults]:
        """Those of one proxy, or of all."""
        return (each for each in self._connections if proxy is None or each.proxy == proxy)
