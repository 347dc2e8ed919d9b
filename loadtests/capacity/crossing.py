"""The rate at which a share of phones is what a rule allows, and all the rates that it may be.

Of each trial is known how many of its phones were late (or failed). The share that is to be expected grows
with the rate from a floor, which an unloaded chain has already, along a logistic curve:

    share(rate) = floor + (1 - floor) * logistic(constant + steepness * (rate / crossing - 1))

with the constant for which share(crossing) is what is allowed. Phones of one trial wait for each other, so
they are late in clusters: their number is beta-binomial. Clusters grow with the load, and they are the larger
the steeper the curve is, since both come from queues that are slow to forget: of M/M/c with 1 to 4 servers,
the variance is that of coins times about

    1 + clusters * steepness ** 1.5 * (share / allowed) ** 2

with clusters from 0.5 to 1 where the steepness goes from 1 to 35.

How steep the curve is, its floor and its clusters are not known and not guessed: every combination on a grid
counts as much as it makes the trials likely (Bayes; steepness, clusters and the crossing before that equally
likely in each doubling). Where many trials decide a slope, least squares do better (`regression.py`); this is
for where few phones were late, and an interval is needed most.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaln, expit, logit

Floats = NDArray[np.float64]

# Cells for the crossing, the steepness and the clusters: of all that is possible, and of what is likely.
_COARSE, _FINE = (41, 9, 6), (61, 11, 6)
# How far beyond the rates that were tried the crossing may be.
_BEYOND = 1.5
_STEEPNESS = (1.5, 60.0)
_CLUSTERS = (0.05, 8.0)
_FLOORS = (0.0, 0.25, 0.5, 0.75)
_CLUSTERS_GROW, _CLUSTERS_OF_STEEP = 2.0, 1.5
# What is left out of each side when the grid is drawn again around what is likely.
_NEGLECTED = 1e-5
_TAIL = 0.025
_STEEPEST = 30.0
_LEAST_SHARE, _MOST_TOGETHER = 1e-9, 0.9


@dataclass(frozen=True, slots=True)
class Counted:
    """One trial: `late` of `phones`, at a rate per second."""

    rate_per_second: float
    late: int
    phones: int


@dataclass(frozen=True, slots=True)
class Crossing:
    """Phones per second: the median of what is likely, and the middle 95 % of it.

    `steepness`, likewise the median: by how much the logarithm of the share's odds grows where the rate grows
    by as much as it is at the crossing.
    """

    rate_per_second: float
    low: float
    high: float
    steepness: float


def crossing(trials: Sequence[Counted], allowed: float) -> Crossing:
    """Where the share of late phones is `allowed` (0 to 1); needs one trial at least, with phones."""
    data = _Data.of(trials)
    grid = _Grid.around(data.rates)
    grid = grid.narrowed(grid.weights(data, allowed))
    weights = grid.weights(data, allowed)
    low, middle, high = _quantiles(grid.crossings, weights.sum(axis=(0, 2, 3)))
    _, steepness, _ = _quantiles(grid.steepness, weights.sum(axis=(0, 1, 3)))
    return Crossing(middle, low, high, steepness)


@dataclass(frozen=True, slots=True)
class _Data:
    rates: Floats
    late: Floats
    phones: Floats

    @classmethod
    def of(cls, trials: Sequence[Counted]) -> "_Data":
        rates, late, phones = np.array([(t.rate_per_second, t.late, t.phones) for t in trials], dtype=float).T
        return cls(rates, late, phones)


@dataclass(frozen=True, slots=True)
class _Grid:
    """What is thought possible; the axes of `weights` are floor, crossing, steepness, clusters."""

    crossings: Floats
    steepness: Floats
    clusters: Floats

    @classmethod
    def around(cls, rates: Floats) -> "_Grid":
        possible = (rates.min() / _BEYOND, rates.max() * _BEYOND), _STEEPNESS, _CLUSTERS
        return cls(*(np.geomspace(*ends, cells) for ends, cells in zip(possible, _COARSE, strict=True)))

    def narrowed(self, weights: Floats) -> "_Grid":
        """Finer, and only where all but a negligible part of the weight is."""
        axes = self.crossings, self.steepness, self.clusters
        sums = (weights.sum(axis=others) for others in ((0, 2, 3), (0, 1, 3), (0, 1, 2)))
        return _Grid(*map(_narrowed, axes, sums, _FINE))

    def weights(self, data: _Data, allowed: float) -> Floats:
        """How likely each cell makes the data, the most likely 1."""
        expected = self._shares(data.rates, allowed)
        grown = (expected / allowed) ** _CLUSTERS_GROW / np.maximum(data.phones - 1, 1)
        steep = (self.steepness**_CLUSTERS_OF_STEEP)[None, None, :, None]
        likely = np.stack(
            [_likelihood(data, expected, each * steep * grown) for each in self.clusters], axis=-1
        )
        return np.asarray(np.exp(likely - likely.max()), dtype=np.float64)

    def _shares(self, rates: Floats, allowed: float) -> Floats:
        """The expected share for each floor, crossing, steepness and trial."""
        floor = (np.array(_FLOORS) * allowed)[:, None, None, None]
        constant = logit((allowed - floor) / (1 - floor))
        off = rates[None, :] / self.crossings[:, None] - 1
        rising = self.steepness[None, None, :, None] * off[None, :, None, :]
        share = floor + (1 - floor) * expit(np.clip(constant + rising, -_STEEPEST, _STEEPEST))
        return np.asarray(np.clip(share, _LEAST_SHARE, 1 - _LEAST_SHARE), dtype=np.float64)


def _quantiles(cells: Floats, weights: Floats) -> tuple[float, float, float]:
    share = np.cumsum(weights) / weights.sum()
    low, middle, high = np.exp(np.interp([_TAIL, 0.5, 1 - _TAIL], share, np.log(cells)))
    return float(low), float(middle), float(high)


def _narrowed(axis: Floats, weights: Floats, cells: int) -> Floats:
    share = np.cumsum(weights) / weights.sum()
    first = max(0, int(np.searchsorted(share, _NEGLECTED)) - 1)
    last = min(axis.size - 1, int(np.searchsorted(share, 1 - _NEGLECTED)) + 1)
    return np.asarray(np.geomspace(axis[first], axis[last], cells))


def _likelihood(data: _Data, expected: Floats, together: Floats) -> Floats:
    """The beta-binomial's logarithm, summed over trials; `together` is the correlation of two phones."""
    spread = 1 / np.clip(together, _LEAST_SHARE, _MOST_TOGETHER) - 1
    late, timely = expected * spread, (1 - expected) * spread
    found = betaln(data.late + late, data.phones - data.late + timely) - betaln(late, timely)
    return np.asarray(found.sum(axis=-1))
