"""How far chance alone moves the numbers of a run whose attempts depend on each other.

Attempts that start near each other share queues and stalls, so drawing them one by one would promise too
much. What is drawn anew is blocks of the schedule (circular block bootstrap, Politis and Romano 1992), the
same blocks from every run, so that what the schedule itself does (batches, ramps) is on both sides and
cancels. Nobody knows beforehand how long attempts remember each other, and a rule that reads it out of the
same run finds too little just where it matters, near saturation (measured: docs/comparing.md). So the runs
are cut in 20, in 10 and in 5, each with Student's t for so few, and the widest interval counts.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from loadtests.comparison.observed import Array

CUTS = (20, 10, 5)
RESAMPLES = 200
_AT_ONCE = 50
_LONGER_THAN_CHANCE = 0.05

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
    """The standard error of a statistic, by each way to cut the runs."""

    errors: tuple[float, ...]

    def half_width(self, beyond: float) -> float:
        """Of the interval whose ends are beyond the truth with chance `beyond` each."""
        widths = (
            error * float(stats.t.isf(beyond, cut - 1)) for cut, error in zip(CUTS, self.errors, strict=True)
        )
        return float(max(widths))

    @property
    def is_open(self) -> bool:
        """Whether longer blocks show more chance than the shorter ones: then still longer ones would, too."""
        shortest, longest = self.errors[0], self.errors[-1]
        if not shortest:
            return False
        limit = float(stats.f.isf(_LONGER_THAN_CHANCE, CUTS[-1] - 1, CUTS[0] - 1))
        return bool((longest / shortest) ** 2 > limit)


def chances(statistics: Statistic, source: np.random.Generator) -> list[Chance]:
    """How far chance moves each statistic, by resamples of the runs."""
    errors = [_errors(statistics, cut, source) for cut in CUTS]
    return [Chance(tuple(float(each) for each in of_one)) for of_one in zip(*errors, strict=True)]


def _errors(statistics: Statistic, cut: int, source: np.random.Generator) -> Array:
    blocks = Blocks(source.random((RESAMPLES, cut)), 1 / cut)
    parts = [slice(at, at + _AT_ONCE) for at in range(0, RESAMPLES, _AT_ONCE)]
    drawn = np.concatenate([statistics(blocks, part) for part in parts], axis=1)
    # What is drawn scatters about the blocks' own mean, which takes one of them away.
    return np.asarray(drawn.std(axis=1, ddof=1) * math.sqrt(cut / (cut - 1)))


def mean_logarithm(values: Sequence[Array]) -> Array:
    """Of several runs' values, each by itself; a run without any weight counts as the smallest number."""
    return np.asarray(np.log(np.maximum(np.stack(values), np.finfo(float).tiny)).mean(axis=0))
