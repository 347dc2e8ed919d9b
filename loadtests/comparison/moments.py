"""How many moments of a run are independent of each other, by how long its attempts remember each other.

Phones that wait in one queue share what happened to it. What is seen in one bin of the schedule goes along
with what is seen in later ones for as long as a queue lasts. The sum of these correlations (Geyer's initial
monotone sequence, 1992) is the time after which a run has forgotten, and it is worth as many independent
moments as it has such times. Near saturation these are few, however many phones there are. Where the limits
come from: docs/comparing.md.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from loadtests.comparison.observed import Array

_MOST_BINS, _FEWEST_BINS, _PHONES_A_BIN = 200, 10, 5
_FEWEST_APART = 20.0
_FEWEST_BEYOND = 3.5
_NEARLY_ALL = 0.75
# Of bins in which anything starts: batches that come at once.
_FEWEST_BATCHES = 5


@dataclass(frozen=True, slots=True)
class Moments:
    """What a run is worth, of several on average, as seen in so many `bins`.

    `apart` is how many independent stretches it has, `beyond` how many independent visits to where a
    quantile is decided: what lies beyond it, of the smaller side.
    """

    apart: float
    beyond: float = math.inf
    bins: int = _MOST_BINS

    @property
    def are_few(self) -> bool:
        """Whether the run is too much of one long queue for chance to be told from it."""
        return self.apart < _FEWEST_APART or self.beyond < _FEWEST_BEYOND

    @property
    def are_plenty(self) -> bool:
        """Whether nearly each bin is a moment of its own."""
        return self.apart >= _NEARLY_ALL * self.bins


NONE = Moments(0.0, 0.0)


def bins_for(phones: int) -> int:
    """In how many bins so many phones are looked at: in emptier ones, dice would drown what they share."""
    return min(max(phones // _PHONES_A_BIN, _FEWEST_BINS), _MOST_BINS)


def binned(positions: Array, bins: int, values: Array | None = None) -> Array:
    """The sum of the values (or 1 each) in each bin; positions are shares of the schedule."""
    at = np.minimum((positions * bins).astype(int), bins - 1)
    return np.asarray(np.bincount(at, weights=values, minlength=bins), dtype=float)


def memory_bins(series: Array) -> float:
    """After how many bins a series has forgotten, its integrated autocorrelation time; 1 where each is new.

    0 for a series that never changes.
    """
    deviations = series - series.mean()
    spectrum = np.fft.rfft(deviations, 2 * len(series))
    products = np.fft.irfft(spectrum * np.conj(spectrum))[: len(series)]
    if products[0] <= 0:
        return 0.0
    pairs = (products / products[0])[: len(series) // 2 * 2].reshape(-1, 2).sum(axis=1)
    # Beyond the first pair that is not positive there is nothing but noise.
    ended = np.flatnonzero(pairs <= 0)
    known = np.minimum.accumulate(pairs[: ended[0] if len(ended) else len(pairs)])
    return max(2 * float(known.sum()) - 1, 1 / len(series))


def total_variance(series: Array) -> float:
    """How much the sum of the series would vary in another run, as far as this one remembers itself."""
    return float(series.var()) * len(series) * memory_bins(series)


def apart(series: Sequence[Array]) -> float:
    """How many independent stretches runs have, on average; inf when nothing in them ever changes."""
    forgotten = sum(memory_bins(each) for each in series) / len(series)
    return len(series[0]) / forgotten if forgotten else math.inf


def of_quantile(runs: Sequence[tuple[Array, Array]], quantile: float) -> Moments:
    """Of runs, each its attempts' positions (shares of the schedule) and latencies."""
    bins = bins_for(min(len(latencies) for _, latencies in runs))
    if any(np.count_nonzero(binned(positions, bins)) < _FEWEST_BATCHES for positions, _ in runs):
        return Moments(1.0, 1.0, bins)
    series = [binned(positions, bins, _beyond(latencies, quantile)) for positions, latencies in runs]
    shares = [
        total_variance(each) / len(latencies) ** 2 for each, (_, latencies) in zip(series, runs, strict=True)
    ]
    variance = sum(shares) / len(shares)
    independent = quantile * (1 - quantile) / variance if variance else math.inf
    return Moments(apart(series), independent * min(quantile, 1 - quantile), bins)


def are_one_queue(baseline: Sequence[tuple[Array, Array]], other: Sequence[tuple[Array, Array]]) -> bool:
    """Whether neither side, nor what sets them apart, has moments enough: whatever a queue brings is chance.

    A calm side tells what would be usual; two that queue alike, as in one batch, are set apart by little.
    """
    bins = bins_for(min(len(latencies) for _, latencies in (*baseline, *other)))
    one, two = (_mean_surplus(side, bins) for side in (baseline, other))
    return all(Moments(apart([series])).are_few for series in (one, two, two - one))


def _mean_surplus(side: Sequence[tuple[Array, Array]], bins: int) -> Array:
    """In each bin, the share of the attempts above the median beyond what is expected, of a side's runs."""
    each = [
        binned(positions, bins, _beyond(latencies, 0.5)) / len(latencies) for positions, latencies in side
    ]
    return np.asarray(np.mean(each, axis=0))


def _beyond(latencies: Array, quantile: float) -> Array:
    """1 for each latency beyond the quantile, less as many as are expected."""
    found = np.quantile(latencies, quantile, method="inverted_cdf")
    return np.asarray((latencies > found) - (1 - quantile))
