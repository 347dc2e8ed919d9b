"""Which process of several starts which phone, and when: pure, decided before the run.

`loadtests.arrivals` has the shapes. A run without a shape is a closed workload: each phone starts when one
before it has ended, so a slow server slows its own test down.
"""

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from loadtests.arrivals.shape import Arrivals

T = TypeVar("T")
LATE_SECONDS = 0.005


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
    """One phone's start: its index in the fleet and when, in seconds from the run's start.

    A retry is an arrival too, with an intended start of its own and the number of the attempt it is.
    """

    index: int
    offset_seconds: float
    number: int = 1


def arrivals_of(shard: Shard, shape: Arrivals, phones: int) -> Iterator[Arrival]:
    """The shard's arrivals, in order of time."""
    return (Arrival(index, offset) for index, offset in shard.of(enumerate(shape.offsets_seconds(phones))))
