"""A level: so many phones at a time, each followed by the next as soon as it has ended, measured often."""

import statistics
from collections.abc import Sequence
from typing import Annotated

import msgspec
from msgspec import Meta

from loadtests.scaling.demands import Demands

# Above this share of failed phones timers rule the chain, and neither model knows of timers.
MOST_FAILED = 0.01


class Repeat(msgspec.Struct, frozen=True):
    """One measurement of a level. Latencies are of phones that enrolled, null when none did."""

    per_second: Annotated[float, Meta(ge=0, description="Phones enrolled per second")]
    latency_mean_seconds: float | None
    latency_p50_seconds: float | None
    latency_p99_seconds: float | None
    phones: Annotated[int, Meta(ge=0, description="That were measured")]
    failed_share: Annotated[float, Meta(ge=0, le=1)]
    demands: Demands | None = None

    @property
    def usable(self) -> bool:
        """Whether a model of a chain that answers can be held against it."""
        return self.per_second > 0 and self.failed_share <= MOST_FAILED


class Level(msgspec.Struct, frozen=True):
    """All measurements with `concurrency` phones at a time."""

    concurrency: Annotated[int, Meta(ge=1)]
    repeats: list[Repeat]

    @property
    def per_second(self) -> float:
        """Phones enrolled per second, the mean of the repeats."""
        return statistics.fmean(repeat.per_second for repeat in self.repeats)


def usable(levels: Sequence[Level]) -> list[Level]:
    """The levels, lowest first, with those of their repeats that a model can be held against."""
    kept = (Level(level.concurrency, [r for r in level.repeats if r.usable]) for level in levels)
    return sorted((level for level in kept if level.repeats), key=lambda level: level.concurrency)
