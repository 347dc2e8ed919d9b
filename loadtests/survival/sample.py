"""Durations, some of them cut: of these only that they lasted longer is known."""

import math
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from loadtests.errors import ScenarioError

Array = NDArray[np.float64]
_SHORTEST_SECONDS = 1e-4
_BLOCKS = 60
_FEWEST_FOR_BLOCKS = 10


@dataclass(frozen=True, slots=True)
class Sample:
    """`seen` are durations watched to their end, `cut` how long the others had lasted when watching ended.

    Seconds, each sorted. `weight` is how much one counts: under 1 where neighbours are alike.
    """

    seen: Array
    cut: Array
    weight: float = 1.0

    @classmethod
    def of(cls, seen: ArrayLike, cut: ArrayLike = (), weight: float = 1.0) -> Self:
        """The sample; ScenarioError when it is empty or holds what is no duration."""
        ended, open_ended = (np.sort(np.asarray(each, dtype=np.float64)) for each in (seen, cut))
        if not len(ended) + len(open_ended):
            raise ScenarioError("there are no durations to estimate from")
        for each in (ended, open_ended):
            if not (np.isfinite(each).all() and (each >= 0).all()):
                raise ScenarioError("a duration must be a number of seconds, 0 or more")
        return cls(ended, open_ended, weight)

    @property
    def size(self) -> int:
        """How many there are."""
        return len(self.seen) + len(self.cut)

    @property
    def cut_share(self) -> float:
        """The share of those that were cut."""
        return len(self.cut) / self.size

    @property
    def horizon_seconds(self) -> float:
        """Up to here the sample itself tells: the first cut after which nothing was seen; inf: none."""
        beyond = self.cut[self.cut >= (self.seen[-1] if len(self.seen) else 0.0)]
        return float(beyond[0]) if len(beyond) else math.inf

    def quantile(self, share: float) -> float:
        """The duration that `share` of all did not exceed, the cut ones taken to have ended there."""
        every = np.sort(np.concatenate([self.seen, self.cut]))
        return float(every[min(int(share * self.size), self.size - 1)])


def alikeness(long: NDArray[np.bool_], at: Array) -> float:
    """How many times as much the share of `long` ones varies from time to time as if by chance; at least 1.

    `at` are the moments. Counts of slow calls in up to 60 stretches of equal number are compared: with calls
    that are slow in spells, an interval must be as wide as that of so many times fewer independent ones.
    """
    share = float(long.mean()) if len(long) else 0.0
    blocks = min(_BLOCKS, int(min(share, 1 - share) * len(long)) // _FEWEST_FOR_BLOCKS)
    if blocks < 2:
        return 1.0
    parts = np.array_split(long[np.argsort(at, kind="stable")].astype(np.float64), blocks)
    sizes = np.array([len(part) for part in parts], dtype=np.float64)
    counts = np.array([part.sum() for part in parts])
    spread = ((counts - sizes * share) ** 2 / (sizes * share * (1 - share))).sum() / (blocks - 1)
    # What chance alone makes of it, once in twenty times, is no sign of spells.
    return float(spread) if spread > 1 + 1.645 * math.sqrt(2 / (blocks - 1)) else 1.0


@dataclass(frozen=True, slots=True)
class Exceedances:
    """What of a sample lasts longer than `threshold`, counted between `edges` (seconds, rising)."""

    threshold: float
    edges: Array
    counts: Array
    cuts: Array
    cut_counts: Array
    weight: float

    @property
    def seen(self) -> int:
        """How many were watched to their end."""
        return int(self.counts.sum())

    @property
    def size(self) -> int:
        """How many there are."""
        return self.seen + int(self.cut_counts.sum())


def exceedances(sample: Sample, threshold: float, ratio: float = 1.03) -> Exceedances:
    """Those over `threshold`, which is moved to the next edge; edges are `ratio` apart."""
    step = math.log(ratio)
    seen = np.maximum(sample.seen, _SHORTEST_SECONDS)
    first = math.ceil(math.log(threshold) / step - 1e-9) if threshold > 0 else None
    bins = np.floor(np.log(seen) / step + 1e-9).astype(np.int64)
    start = 0.0 if first is None else math.exp(first * step)
    if first is not None:
        bins = bins[bins >= first]
    numbers, counts = np.unique(bins, return_counts=True)
    marks = np.unique(np.concatenate([numbers, numbers + 1]))
    filled = np.zeros(max(len(marks) - 1, 0))
    filled[np.searchsorted(marks, numbers)] = counts
    edges = np.exp(marks * step)
    if len(edges) > 1 and edges[-2] < sample.horizon_seconds < edges[-1]:
        edges[-1] = sample.horizon_seconds
    cuts, cut_counts = np.unique(sample.cut[sample.cut > start], return_counts=True)
    return Exceedances(start, edges, filled, cuts, cut_counts.astype(np.float64), sample.weight)
