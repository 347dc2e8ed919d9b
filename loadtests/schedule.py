"""When phones start, and which process of several starts which: pure, decided before the run.

A shape of arrivals is anything with `offsets_seconds`; `Steady` is the first. A run without a shape is a
closed workload: each phone starts when one before it has ended, so a slow server slows its own test down.
"""

import itertools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol, TypeVar

T = TypeVar("T")


class Arrivals(Protocol):
    """The shape of an open workload."""

    def offsets_seconds(self, phones: int) -> Iterator[float]:
        """When each of `phones` phones starts, in seconds from the run's start, never decreasing."""
        ...


@dataclass(frozen=True, slots=True)
class Steady:
    """One phone every `1 / rate_per_second` seconds, the first at once."""

    rate_per_second: float

    def offsets_seconds(self, phones: int) -> Iterator[float]:
        """Computed from the index, so that no error adds up."""
        return (index / self.rate_per_second for index in range(phones))


@dataclass(frozen=True, slots=True)
class Shard:
    """The part of a fleet that one process drives: every `count`-th phone, from phone `number` on."""

    number: int = 0
    count: int = 1

    def of(self, fleet: Iterable[T]) -> Iterator[T]:
        """This shard's part of `fleet`."""
        return itertools.islice(fleet, self.number, None, self.count)

    def size(self, phones: int) -> int:
        """How many of `phones` phones are this shard's."""
        return len(range(self.number, phones, self.count))


@dataclass(frozen=True, slots=True)
class Arrival:
    """One phone's start: its index in the fleet and when, in seconds from the run's start."""

    index: int
    offset_seconds: float


def arrivals_of(shard: Shard, shape: Arrivals, phones: int) -> Iterator[Arrival]:
    """The shard's arrivals, in order of time."""
    return (Arrival(index, offset) for index, offset in shard.of(enumerate(shape.offsets_seconds(phones))))


def steady_clock(wall: Callable[[], float], monotonic: Callable[[], float]) -> Callable[[], float]:
    """A clock that shows the wall's time now and goes on at the monotonic one's pace.

    Times of one run can then be subtracted from each other whatever happens to the wall clock meanwhile.
    """
    ahead = wall() - monotonic()
    return lambda: ahead + monotonic()
