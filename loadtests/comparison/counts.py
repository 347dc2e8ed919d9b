"""Counts of two sides: whether what happens to so many phones of so many happens more often now.

Of all that it happened to, as many fall to a side as it has phones, when nothing has changed: the exact
conditional test of two rates (Przyborowski and Wilenski 1940), which is Fisher's for what is rare and on the
safe side for what is not. It takes phones to fare independently. They do not, trouble comes in clumps: counts
are divided by how much more they vary from bin to bin than independent ones would (a design effect, as Rao
and Scott 1992 do), and by how much more from run to run.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from loadtests.comparison.observed import Array

_BINS = 20
_FEWEST_TO_SEE_CLUMPS = 5


@dataclass(frozen=True, slots=True)
class Count:
    """What happened to `happened` of `phones`; `at` are the moments, as shares of the schedule, if known."""

    happened: int
    phones: int
    at: Array | None


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
    """From bin to bin of the schedule; runs share what the schedule does to all of them."""
    known = [each for each in counts if each.at is not None]
    total = sum(len(each.at) for each in known if each.at is not None)
    if total < _FEWEST_TO_SEE_CLUMPS:
        return 1.0
    rows = np.stack([_binned(each) for each in known])
    expected = rows.sum(axis=1, keepdims=True) * rows.sum(axis=0, keepdims=True) / total
    cells = expected > 0
    freedom = (_BINS - 1) * (len(known) - 1) if len(known) > 1 else _BINS - 1
    if len(known) == 1:
        expected = np.full_like(rows, total / _BINS)
        cells = expected > 0
    return float((((rows - expected) ** 2)[cells] / expected[cells]).sum()) / freedom


def _between(side: Sequence[Count]) -> float:
    """From run to run of one side."""
    if len(side) < 2 or not _total(side):
        return 1.0
    share = _total(side) / sum(each.phones for each in side)
    scatter = sum((each.happened - each.phones * share) ** 2 / (each.phones * share) for each in side)
    return scatter / (len(side) - 1)


def _binned(count: Count) -> Array:
    assert count.at is not None
    bins = np.minimum((count.at * _BINS).astype(int), _BINS - 1)
    return np.asarray(np.bincount(bins, minlength=_BINS), dtype=float)


def _total(side: Sequence[Count]) -> int:
    return sum(each.happened for each in side)


def _odds(part: float, rest: float) -> float:
    return part / rest if rest > 0 else math.inf
