"""Counts of two sides: whether what happens to so many phones of so many happens more often now.

Of all that it happened to, as many fall to a side as it has phones, when nothing has changed: the exact
conditional test of two rates (Przyborowski and Wilenski 1940), which is Fisher's for what is rare and on the
safe side for what is not. It takes phones to fare independently. They do not, trouble comes in clumps: counts
are divided by how much more they would vary than independent ones, as far as a run remembers itself
(moments.py; a design effect, as Rao and Scott 1992 have), and by how much more they do from run to run.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from loadtests.comparison.moments import binned, bins_for, total_variance
from loadtests.comparison.observed import Array

_FEWEST_TO_SEE_CLUMPS = 5


@dataclass(frozen=True, slots=True)
class Count:
    """What happened to `happened` of `phones`.

    `at` are the moments, as shares of the schedule, and `phones_at` those of all phones; None when unknown.
    """

    happened: int
    phones: int
    at: Array | None = None
    phones_at: Array | None = None


@dataclass(frozen=True, slots=True)
class Ratio:
    """How often now over how often before, and its interval; inf where it did not happen before."""

    value: float
    low: float
    high: float


def ratio(baseline: Sequence[Count], other: Sequence[Count], each_side: float, clumps: float = 1.0) -> Ratio:
    """The ratio of two sides' shares; each end of its interval is beyond the truth with chance `each_side`.

    `clumps` is a design effect that is known already, such as that of what causes this.
    """
    before, after = _total(baseline), _total(other)
    phones_before, phones_after = (sum(each.phones for each in side) for side in (baseline, other))
    effect = max(clumps, design_effect(baseline, other))
    x, y = before / effect, after / effect
    # Of x + y, the share of the other side lies between these (Clopper and Pearson 1934).
    low = float(stats.beta.ppf(each_side, y, x + 1)) if y else 0.0
    high = float(stats.beta.ppf(1 - each_side, y + 1, x)) if x else 1.0
    exposure = phones_before / phones_after
    value = _odds(after, before) * exposure if before or after else 1.0
    return Ratio(value, _odds(low, 1 - low) * exposure, _odds(high, 1 - high) * exposure)


def design_effect(baseline: Sequence[Count], other: Sequence[Count]) -> float:
    """How many times as much the counts vary as those of independent phones would; at least 1."""
    return max(1.0, _within([*baseline, *other]), _between(baseline), _between(other))


def _within(counts: Sequence[Count]) -> float:
    """By how much what happened comes in clumps along the schedule."""
    total = sum(each.happened for each in counts if each.at is not None)
    if total < _FEWEST_TO_SEE_CLUMPS:
        return 1.0
    return sum(total_variance(_surplus(each)) for each in counts if each.at is not None) / total


def _surplus(count: Count) -> Array:
    """In each bin, what happened beyond its share of the phones that came."""
    assert count.at is not None
    assert count.phones_at is not None
    bins = bins_for(count.phones)
    came = binned(count.phones_at, bins)
    return np.asarray(binned(count.at, bins) - came * (count.happened / came.sum()))


def _between(side: Sequence[Count]) -> float:
    """From run to run of one side."""
    if len(side) < 2 or not _total(side):
        return 1.0
    share = _total(side) / sum(each.phones for each in side)
    scatter = sum((each.happened - each.phones * share) ** 2 / (each.phones * share) for each in side)
    return scatter / (len(side) - 1)


def _total(side: Sequence[Count]) -> int:
    return sum(each.happened for each in side)


def _odds(part: float, rest: float) -> float:
    return part / rest if rest > 0 else math.inf
