"""How far chance alone moves the numbers of a run whose attempts depend on each other.

Attempts that start near each other share queues and stalls, so drawing them one by one would promise too
much. What is drawn anew is blocks of the schedule (circular block bootstrap, Politis and Romano 1992), the
same blocks from every run, so that what the schedule itself does (batches, ramps) is on both sides and
cancels. How long attempts remember each other is read out of the runs (moments.py): a block is to hold five
times as much, so the runs are cut in 20, in 10 or in 5, with Student's t for so few. That reading finds too
little near saturation (measured: docs/comparing.md). So the next longer blocks are asked as well where the
runs are not worth many moments, and where too few moments are left nothing is said.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from loadtests.comparison.moments import Moments
from loadtests.comparison.observed import Array

CUTS = (20, 10, 5)
RESAMPLES = 200
_AT_ONCE = 50
_LONGER_THAN_CHANCE = 0.05
_MEMORIES_A_BLOCK = 5

# Resampled values of one statistic or several: a row for each, in it one value for each row of weights.
Statistic = Callable[["Blocks", slice], Array]


@dataclass(frozen=True, slots=True)
class Blocks:
    """Blocks drawn anew: `begins` has a row a resample, in shares of the schedule from 0 on."""

    begins: Array
    share: float

    def weights(self, positions: Array, resamples: slice) -> Array:
        """How often each of the sorted `positions`, shares of the schedule, is drawn: a row a resample."""
        begins, width = self.begins[resamples], len(positions) + 1
        rows = width * np.arange(len(begins))[:, None]
        changes = np.zeros(len(begins) * width)
        for shift in (0.0, -1.0):
            for edge, change in ((shift, 1), (shift + self.share, -1)):
                at = rows + np.searchsorted(positions, begins + edge)
                changes += change * np.bincount(at.ravel(), minlength=len(changes))
        return np.asarray(np.cumsum(changes.reshape(len(begins), width), axis=1)[:, :-1])


@dataclass(frozen=True, slots=True)
class Chance:
    """The standard error of a statistic, by each way to cut the runs, and what the runs are worth."""

    errors: tuple[float, ...]
    moments: Moments

    def half_width(self, beyond: float) -> float:
        """Of the interval whose ends are beyond the truth with chance `beyond` each."""
        errors = dict(zip(CUTS, self.errors, strict=True))
        return max(errors[cut] * float(stats.t.isf(beyond, cut - 1)) for cut in self._cuts())

    @property
    def is_open(self) -> bool:
        """Whether chance is not known: too few moments, or longer blocks show more of it than shorter ones.

        Then still longer ones would, too.
        """
        if self.moments.are_few:
            return True
        shortest, longest = self.errors[0], self.errors[-1]
        if not shortest:
            return False
        limit = float(stats.f.isf(_LONGER_THAN_CHANCE, CUTS[-1] - 1, CUTS[0] - 1))
        return bool((longest / shortest) ** 2 > limit)

    def _cuts(self) -> Sequence[int]:
        """The finest whose blocks are long enough, and the next one unless there are moments in plenty."""
        if self.moments.are_plenty:
            return CUTS[:1]
        long_enough = [cut for cut in CUTS if cut * _MEMORIES_A_BLOCK <= self.moments.apart]
        return long_enough[:2] or CUTS[-1:]


def chances(
    statistics: Statistic, moments: Sequence[Moments], source: np.random.Generator
) -> list[Chance]:  # fmt: skip
    """How far chance moves each statistic, by resamples of the runs; `moments` are those of each."""
    errors = [_errors(statistics, cut, source) for cut in CUTS]
    return [
        Chance(tuple(float(each) for each in of_one), worth)
        for *of_one, worth in zip(*errors, moments, strict=True)
    ]


def _errors(statistics: Statistic, cut: int, source: np.random.Generator) -> Array:
    blocks = Blocks(source.random((RESAMPLES, cut)), 1 / cut)
    parts = [slice(at, at + _AT_ONCE) for at in range(0, RESAMPLES, _AT_ONCE)]
    drawn = np.concatenate([statistics(blocks, part) for part in parts], axis=1)
    # What is drawn scatters about the blocks' own mean, which takes one of them away.
    return np.asarray(drawn.std(axis=1, ddof=1) * math.sqrt(cut / (cut - 1)))


def mean_logarithm(values: Sequence[Array]) -> Array:
    """Of several runs' values, each by itself; a run without any weight counts as the smallest number."""
    return np.asarray(np.log(np.maximum(np.stack(values), np.finfo(float).tiny)).mean(axis=0))
