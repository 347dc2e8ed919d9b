"""How certificate storms come about: a bulk job, a site that wakes up, certificates that expire."""

import math
import random
import statistics
from collections.abc import Callable, Iterator
from dataclasses import dataclass

_SIGMAS = 3.0


@dataclass(frozen=True, slots=True)
class MassRenewal:
    """An administrator's bulk job: `batch` phones every `every_seconds`.

    The phones of a batch restart and come back at random moments of `within_seconds`; 0: all at once.
    """

    batch: int
    every_seconds: float
    within_seconds: float
    stream: Callable[[], random.Random]

    def offsets_seconds(self, phones: int) -> Iterator[float]:
        """Batch after batch; the last one may be smaller."""
        source = self.stream()
        for number, first in enumerate(range(0, phones, self.batch)):
            size = min(self.batch, phones - first)
            moments = sorted(source.uniform(0.0, self.within_seconds) for _ in range(size))
            yield from (number * self.every_seconds + moment for moment in moments)


@dataclass(frozen=True, slots=True)
class MorningReset:
    """A site's phones come up within `within_seconds`: few at first, most in the middle, few at the end.

    The times are normal, the window holds three sigmas to each side of the middle.
    """

    within_seconds: float
    stream: Callable[[], random.Random]

    def offsets_seconds(self, phones: int) -> Iterator[float]:
        """Drawn from the inverse of the distribution, so that none falls outside the window."""
        source, normal = self.stream(), statistics.NormalDist()
        low, high = normal.cdf(-_SIGMAS), normal.cdf(_SIGMAS)
        drawn = sorted(source.uniform(low, high) for _ in range(phones))
        half = self.within_seconds / 2
        return (
            min(max(0.0, half + half / _SIGMAS * normal.inv_cdf(share)), self.within_seconds)
            for share in drawn
        )


@dataclass(frozen=True, slots=True)
class ExpiryTail:
    """Renewals as certificates run out: half of the phones that are left come in each half-life.

    It begins with its busiest moment and ends `within_seconds` later with a thin tail.
    """

    half_life_seconds: float
    within_seconds: float
    stream: Callable[[], random.Random]

    def offsets_seconds(self, phones: int) -> Iterator[float]:
        """Drawn from the inverse of the exponential distribution, cut at the end."""
        source = self.stream()
        come = 1 - 0.5 ** (self.within_seconds / self.half_life_seconds)
        drawn = sorted(source.uniform(0.0, come) for _ in range(phones))
        return (min(-math.log2(1 - share) * self.half_life_seconds, self.within_seconds) for share in drawn)
