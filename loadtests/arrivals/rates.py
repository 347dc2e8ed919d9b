"""Shapes that are a rate: constant, random around a mean, growing, or in steps."""

import math
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Steady:
    """One phone every `1 / rate_per_second` seconds, the first at once."""

    rate_per_second: float

    def offsets_seconds(self, phones: int) -> Iterator[float]:
        """Computed from the index, so that no error adds up."""
        return (index / self.rate_per_second for index in range(phones))


@dataclass(frozen=True, slots=True)
class Poisson:
    """Phones that know nothing of each other: gaps are exponential with the mean `1 / rate_per_second`.

    `stream` gives a fresh source of the same random numbers each time.
    """

    rate_per_second: float
    stream: Callable[[], random.Random]

    def offsets_seconds(self, phones: int) -> Iterator[float]:
        """The first phone starts after a gap too."""
        source, now = self.stream(), 0.0
        for _ in range(phones):
            now += source.expovariate(self.rate_per_second)
            yield now


@dataclass(frozen=True, slots=True)
class Ramp:
    """A rate that goes evenly from one value to another within `seconds`, and then stays.

    `from_per_second` may be 0, `to_per_second` not.
    """

    from_per_second: float
    to_per_second: float
    seconds: float

    def offsets_seconds(self, phones: int) -> Iterator[float]:
        """Phone k starts when k phones are due."""
        return (self._offset_seconds(index) for index in range(phones))

    def _offset_seconds(self, due: int) -> float:
        """The time until which `due` phones are due: the inverse of a t + (b - a) t² / (2 T)."""
        start, end, seconds = self.from_per_second, self.to_per_second, self.seconds
        in_ramp = (start + end) / 2 * seconds
        if due >= in_ramp:
            return seconds + (due - in_ramp) / end
        slope = (end - start) / seconds
        # The form of the root that loses no digits when the slope is next to nothing.
        root = math.sqrt(max(0.0, start * start + 2 * slope * due))
        return 2 * due / (start + root) if due else 0.0


@dataclass(frozen=True, slots=True)
class Step:
    """A rate and how long it lasts; a rate of 0 is a pause."""

    rate_per_second: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Steps:
    """One rate after another; the last one, which must not be 0, lasts until every phone has started."""

    steps: tuple[Step, ...]

    def offsets_seconds(self, phones: int) -> Iterator[float]:
        """Phone k starts when k phones are due, counted over the steps."""
        index, start, due = 0, 0.0, 0.0
        for step in self.steps:
            last = step is self.steps[-1]
            end = math.inf if last else due + step.rate_per_second * step.seconds
            while index < phones and index < end:
                yield start + (index - due) / step.rate_per_second
                index += 1
            start, due = start + step.seconds, end
