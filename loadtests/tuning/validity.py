"""For which CA a recommendation holds: from which latency it is needed, and past which it is no help.

The CA's submissions are made slower step by step. Compared are the default, the recommendation, and the
recommendation with every timer twice as long, each under the same arrivals and draws.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import msgspec

from loadtests.tuning.bench import Bench
from loadtests.tuning.conditions import Condition
from loadtests.tuning.interval import Interval, interval
from loadtests.tuning.outcome import Outcome
from loadtests.tuning.sweep import Search
from loadtests.tuning.tunables import Tunables
from testbed.ca.capacity_settings import LognormalTime

_SIGMA = 0.4
# p99 over median of such a distribution.
P99_OF_MEDIAN = math.exp(_SIGMA * 2.3263)
_GRID_SECONDS = (2.0, 4.0, 6.0, 8.0, 10.0, 14.0, 20.0, 28.0, 40.0, 56.0, 80.0)
_LONGER = 2.0
_LOST_SHARE = 0.01
_REFINEMENTS = 3
_SEEDS = 4
# In loss: as much as three phones in a thousand without their LSC.
_MATTERS = 0.03


class Step(msgspec.Struct, frozen=True):
    """The three settings' losses with a CA whose submissions have this p99, and the phones that missed."""

    p99_seconds: float
    default_loss: float
    recommended_loss: float
    longer_loss: float
    recommended_missed: float


class Validity(msgspec.Struct, frozen=True):
    """At which p99 of the CA's submissions, in seconds, what is true; None: at none that was tried.

    From `better_from` to `better_until` (None: to the highest that was tried) the recommendation loses less
    than the default, beyond chance and by as much as three phones in a thousand are worth. From `raise_from`
    on longer timers lose as much less than it. From `helpless_from` on more than one phone in a hundred
    misses its window with it, too.
    """

    better_from_seconds: float | None
    better_until_seconds: float | None
    raise_from_seconds: float | None
    helpless_from_seconds: float | None
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class _Compared:
    better: bool
    longer_helps: bool
    helpless: bool


def validity(search: Search, best: Tunables, enough: Callable[[], bool] = lambda: False) -> Validity | None:
    """Where the recommendation begins and ceases to be the better one, by simulation.

    None when it was `enough` before that was known.
    """
    ladder = _Ladder(search, best)
    compared = []
    for seconds in _GRID_SECONDS:
        if enough():
            return None
        compared.append(ladder.at(seconds))
    better_from, better_until = ladder.span([each.better for each in compared], "better")
    raise_from, _ = ladder.span([each.longer_helps for each in compared], "longer_helps")
    helpless_from, _ = ladder.span([each.helpless for each in compared], "helpless")
    return Validity(
        better_from,
        better_until,
        raise_from,
        helpless_from,
        tuple(sorted(ladder.steps, key=lambda step: step.p99_seconds)),
    )


class _Ladder:
    def __init__(self, search: Search, best: Tunables) -> None:
        self._search, self._best = search, best
        self._healthy = search.bench.conditions[0]
        self.steps: list[Step] = []

    def at(self, p99_seconds: float) -> _Compared:
        """The three settings with a CA so slow."""
        search, bench = self._search, self._bench(p99_seconds)
        longer = self._best.stretched(_LONGER)
        seeds = search.seeds("validity", _SEEDS)
        default, best, more = replace(search, bench=bench).score([search.start, self._best, longer], seeds)
        losses = [_losses(bench, each.tunables, each.outcomes[0]) for each in (default, best, more)]
        missed = [1 - each.enrolled_share for each in best.outcomes[0]]
        self.steps.append(Step(p99_seconds, default.loss, best.loss, more.loss, sum(missed) / len(missed)))
        return _Compared(
            _gain(losses[0], losses[1]).low > _MATTERS,
            _gain(losses[1], losses[2]).low > _MATTERS,
            sum(missed) / len(missed) > _LOST_SHARE,
        )

    def span(self, held: Sequence[bool], what: str) -> tuple[float | None, float | None]:
        """Where something begins to hold and where it ceases to, each narrowed down; None where it does not.

        Of several stretches the longest: a single chance hit is none.
        """
        begin, end = longest_stretch(held)
        if begin == end:
            return None, None
        first = _GRID_SECONDS[0] if begin == 0 else self._change(begin, what, now=True)
        return first, None if end == len(held) else self._change(end, what, now=False)

    def _change(self, at: int, what: str, *, now: bool) -> float:
        """Between which two latencies, the steps before and `at`, something changes to `now`."""
        low, high = _GRID_SECONDS[at - 1], _GRID_SECONDS[at]
        for _ in range(_REFINEMENTS):
            middle = math.sqrt(low * high)
            if getattr(self.at(middle), what) is now:
                high = middle
            else:
                low = middle
        return float(f"{high:.2g}")

    def _bench(self, p99_seconds: float) -> Bench:
        submit = LognormalTime(p99_seconds / P99_OF_MEDIAN, _SIGMA)
        capacity = msgspec.structs.replace(self._healthy.capacity, submit=submit)
        return replace(self._search.bench, conditions=(Condition("slow", "", capacity),))


def longest_stretch(held: Sequence[bool]) -> tuple[int, int]:
    """Begin and end (the first past it) of the longest run of True; equal without any."""
    best = (0, 0)
    begin = 0
    for at, holds in enumerate((*held, False)):
        if not holds:
            best = max(best, (begin, at), key=lambda stretch: stretch[1] - stretch[0])
            begin = at + 1
    return best


def _losses(bench: Bench, tunables: Tunables, outcomes: Sequence[Outcome]) -> list[float]:
    return [bench.weights.loss(bench.terms(tunables, each)) for each in outcomes]


def _gain(before: Sequence[float], after: Sequence[float]) -> Interval:
    """What is lost less, seed by seed."""
    return interval([one - other for one, other in zip(before, after, strict=True)])
