"""Which level is measured next: first all of them upwards, then again and again in an order of chance.

The order keeps what drifts (a machine that warms up, a database that grows) apart from what grows with the
load. It depends on the measurements so far and on the seed alone, so what was interrupted goes on.
"""

from collections.abc import Callable, Sequence
from typing import Annotated, Protocol

import msgspec
from msgspec import Meta

from loadtests.scaling.level import MOST_FAILED, Level, Repeat
from loadtests.streams import stream
from testbed.bounds import Settings

_SPARE = 1.3


class LevelSettings(Settings, frozen=True):
    """The levels: 1, 2, 4, ... phones at a time up to `highest`, each measured `repeats` times.

    A measurement lasts `measured_seconds` after `settle_seconds`, and longer where fewer than `least_phones`
    would end in it, but `longest_seconds` at most.
    """

    highest: Annotated[int, Meta(ge=32, le=512)] = 64
    repeats: Annotated[int, Meta(ge=1, le=20)] = 3
    settle_seconds: Annotated[float, Meta(ge=0)] = 1.5
    measured_seconds: Annotated[float, Meta(gt=0)] = 6.0
    least_phones: Annotated[int, Meta(ge=1)] = 60
    longest_seconds: Annotated[float, Meta(gt=0)] = 20.0

    @property
    def concurrencies(self) -> list[int]:
        """The levels, lowest first; six at least."""
        return [2**power for power in range(self.highest.bit_length())]


class LevelPlan(msgspec.Struct, frozen=True):
    """What to measure. `phones` are enough for the whole time, with some to spare."""

    concurrency: int
    repeat: Annotated[int, Meta(ge=1)]
    settle_seconds: float
    measured_seconds: float
    phones: int


class LevelBench(Protocol):
    """Whatever can be loaded with so many phones at a time: the lab, a simulation."""

    def measure(self, plan: LevelPlan) -> Repeat:
        """Measure it, from a chain at rest."""


def next_level(
    levels: Sequence[Level], settings: LevelSettings, alone_seconds: float, seed: int
) -> LevelPlan | None:
    """What comes after these levels; None when all are measured.

    `alone_seconds` is about what an enrollment takes that has the chain for itself. A level at which phones
    fail is the last one upwards, and is not measured again.
    """
    rates = {level.concurrency: level.per_second for level in levels}
    done = {level.concurrency: len(level.repeats) for level in levels}
    failed = {n.concurrency for n in levels if any(r.failed_share > MOST_FAILED for r in n.repeats)}
    wanted = [n for n in settings.concurrencies if not failed or n < min(failed)]
    for repeat in range(1, settings.repeats + 1):
        order = list(wanted)
        if repeat > 1:
            stream(seed, f"levels {repeat}").shuffle(order)
        for concurrency in order:
            if done.get(concurrency, 0) < repeat:
                return _plan(concurrency, repeat, settings, _expected_rate(concurrency, rates, alone_seconds))
    return None


def measure_levels(
    bench: LevelBench,
    settings: LevelSettings,
    alone_seconds: float,
    seed: int,
    *,
    enough: Callable[[LevelPlan, list[Level]], bool],
    known: Sequence[Level] = (),
) -> list[Level]:
    """Measure what `known` lacks. `enough` is asked before each measurement, and ends it early."""
    levels = list(known)
    while (plan := next_level(levels, settings, alone_seconds, seed)) and not enough(plan, levels):
        levels = with_repeat(levels, plan.concurrency, bench.measure(plan))
    return levels


def with_repeat(levels: Sequence[Level], concurrency: int, repeat: Repeat) -> list[Level]:
    """The levels with one more measurement, lowest first."""
    found = {level.concurrency: level.repeats for level in levels}
    found[concurrency] = [*found.get(concurrency, []), repeat]
    return [Level(n, repeats) for n, repeats in sorted(found.items())]


def _expected_rate(concurrency: int, rates: dict[int, float], alone_seconds: float) -> float:
    """As measured, or at most as much more than the next lower level as there are more phones."""
    below = max((n for n in rates if n <= concurrency and rates[n] > 0), default=0)
    return concurrency * (rates[below] / below if below else 1 / alone_seconds)


def _plan(concurrency: int, repeat: int, settings: LevelSettings, rate: float) -> LevelPlan:
    wanted = max(settings.measured_seconds, settings.least_phones / rate)
    seconds = min(settings.longest_seconds, wanted)
    phones = round(_SPARE * rate * (settings.settle_seconds + seconds)) + 2 * concurrency
    return LevelPlan(concurrency, repeat, settings.settle_seconds, seconds, phones)
