"""For which CA a recommendation holds: from which latency it is needed, and past which it is no help.

The CA's submissions are made slower step by step. Compared are the default, the recommendation, and the
recommendation with every timer twice as long, each under the same arrivals and draws.
"""

import math
from collections.abc import Sequence
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


class Step(msgspec.Struct, frozen=True):
    """The three settings' losses with a CA whose submissions have this p99, and the phones that missed."""

    p99_seconds: float
    default_loss: float
    recommended_loss: float
    longer_loss: float
    recommended_missed: float


class Validity(msgspec.Struct, frozen=True):
    """From which p99 of the CA's submissions on, in seconds, what is true; None: from none that was tried.

    `needed_from`: the default loses more than the recommendation, beyond chance. `raise_from`: longer timers
    lose less than it. `helpless_from`: with it, too, more than one phone in a hundred misses its window.
    """

    needed_from_seconds: float | None
    raise_from_seconds: float | None
    helpless_from_seconds: float | None
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class _Compared:
    needed: bool
    longer_helps: bool
    helpless: bool


def validity(search: Search, best: Tunables) -> Validity:
    """Where the recommendation begins and ceases to be the better one, by simulation."""
    ladder = _Ladder(search, best)
    compared = [ladder.at(seconds) for seconds in _GRID_SECONDS]
    return Validity(
        ladder.first([each.needed for each in compared], "needed"),
        ladder.first([each.longer_helps for each in compared], "longer_helps"),
        ladder.first([each.helpless for each in compared], "helpless"),
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
            _gain(losses[0], losses[1]).low > 0,
            _gain(losses[1], losses[2]).low > 0,
            sum(missed) / len(missed) > _LOST_SHARE,
        )

    def first(self, held: Sequence[bool], what: str) -> float | None:
        """Between which steps something begins to hold, narrowed down; None where it never does."""
        # Not before the last step at which it does not: a single chance hit is no beginning.
        misses = [at for at, holds in enumerate(held) if not holds]
        begin = misses[-1] + 1 if misses else 0
        if begin == len(held):
            return None
        if begin == 0:
            return _GRID_SECONDS[0]
        low, high = _GRID_SECONDS[begin - 1], _GRID_SECONDS[begin]
        for _ in range(_REFINEMENTS):
            middle = math.sqrt(low * high)
            if getattr(self.at(middle), what):
                high = middle
            else:
                low = middle
        return float(f"{high:.2g}")

    def _bench(self, p99_seconds: float) -> Bench:
        submit = LognormalTime(p99_seconds / P99_OF_MEDIAN, _SIGMA)
        capacity = msgspec.structs.replace(self._healthy.capacity, submit=submit)
        return replace(self._search.bench, conditions=(Condition("slow", "", capacity),))


def _losses(bench: Bench, tunables: Tunables, outcomes: Sequence[Outcome]) -> list[float]:
    return [bench.weights.loss(bench.terms(tunables, each)) for each in outcomes]


def _gain(before: Sequence[float], after: Sequence[float]) -> Interval:
    """What is lost less, seed by seed."""
    return interval([one - other for one, other in zip(before, after, strict=True)])
