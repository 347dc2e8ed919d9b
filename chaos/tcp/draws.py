"""The dice: which toxic strikes which connection, the same whenever the seed is the same.

Every stream of chance is seeded with the run's seed and the names of what it decides (proxy, connection
number, direction, toxic), so that one fault more or less does not shift the others.
"""

import random
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


class Dice:
    """Streams of chance that depend on the seed and on what they are for, and on nothing else."""

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def stream(self, *names: object) -> random.Random:
        """The stream of that name."""
        text = "\x1f".join(map(str, (self.seed, *names)))
        return random.Random(text)  # noqa: S311 - a simulation, not a secret


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
