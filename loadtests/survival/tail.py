"""Which tail a sample has: found in what lasts longer than a threshold, and continued beyond the cut.

What is common and quick says nothing about what is rare and slow, so a family is held against the data over a
threshold alone: the lowest at which one fits, and up to three higher ones, each with a part of the data. An
interval holds whatever some family says that fits nearly as well as the best, at any of these thresholds:
families that cannot be told apart, and a fit that changes with its threshold, widen it.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.special import chdtrc

from loadtests.survival.binomial import binomial_interval
from loadtests.survival.likelihood import Fit, fit
from loadtests.survival.sample import Array, Exceedances, Sample, exceedances
from loadtests.survival.tails import FAMILIES

DROP = 3.0  # 1.92 is chi-squared's for one number; the rest is for the choice of a family
_THRESHOLDS = (0.2, 0.35, 0.5, 0.65, 0.75, 0.82, 0.88, 0.92, 0.95, 0.965, 0.98, 0.99, 0.995)
_NEXT_FRACTION = 0.6
_FEWEST_SEEN = 40
_FEWEST_NEAR_CUT = 15
_MOST_CUT = 0.6
_NEAREST_TO_CUT = 1.4
_PLAUSIBLE = 0.1
_LEAST_SPAN = 1.05
_SHORTEST_SECONDS = 1e-4
_CELL = 8
_MOST_CONTINUATIONS = 4
_PARAMETERS = 2


@dataclass(frozen=True, slots=True)
class Continuation:
    """What the families say that fit the exceedances of one threshold."""

    fits: tuple[Fit, ...]
    share: float
    share_low: float
    share_high: float
    plausibility: float

    @property
    def best(self) -> Fit:
        """The likeliest family's."""
        return max(self.fits, key=lambda each: each.top)

    def share_over(self, seconds: float) -> tuple[float, float, float]:
        """P(T > seconds): the likeliest, and its interval."""
        at_least = self.best.top - DROP
        near = [each for each in self.fits if each.top >= at_least]
        told = [each.log_survival(seconds, at_least) for each in near]
        log = self.best.log_survival(seconds, at_least)[0]
        low, high = min(each[1] for each in told), max(each[2] for each in told)
        # The shares over the threshold, and beyond it, are independent: their spreads add up as squares.
        down = math.hypot(log - low, math.log(self.share / self.share_low))
        up = math.hypot(high - log, math.log(self.share_high / self.share))
        middle = math.log(self.share) + log
        return math.exp(middle), math.exp(middle - down), math.exp(middle + up)


@dataclass(frozen=True, slots=True)
class Tail:
    """The tail of a sample. `sparse`: too few were seen near the cut for a lower end but 0."""

    continuations: tuple[Continuation, ...]
    sparse: bool

    @property
    def family(self) -> str:
        """The likeliest one's name."""
        return self.continuations[0].best.family.name

    @property
    def threshold_seconds(self) -> float:
        """What lasts longer was used."""
        return self.continuations[0].best.span.threshold

    @property
    def plausibility(self) -> float:
        """The p-value of the fit."""
        return self.continuations[0].plausibility

    def share_over(self, seconds: float) -> tuple[float, float, float]:
        """P(T > seconds): the likeliest, and its interval."""
        told = [each.share_over(seconds) for each in self.continuations]
        low, high = min(each[1] for each in told), max(each[2] for each in told)
        return told[0][0], 0.0 if self.sparse else low, high


def find_tail(sample: Sample) -> Tail | None:
    """The tail; None when no family fits, or too much was cut, or too little is there to tell."""
    found: list[Continuation] = []
    size = math.inf
    for data in _usable(sample):
        if found and data.size > _NEXT_FRACTION * size:
            continue
        continuation = _continue(sample, data)
        if found or continuation.plausibility >= _PLAUSIBLE:
            found.append(continuation)
            size = data.size
        if len(found) == _MOST_CONTINUATIONS:
            break
    return Tail(tuple(found), sparse=_is_sparse(sample)) if found else None


def _usable(sample: Sample) -> Iterator[Exceedances]:
    """Exceedances of rising thresholds, as long as enough of them were seen."""
    horizon = min(sample.horizon_seconds, float(sample.seen[-1]) if len(sample.seen) else 0.0)
    for threshold in (0.0, *map(sample.quantile, _THRESHOLDS)):
        data = exceedances(sample, threshold)
        if data.threshold * _NEAREST_TO_CUT > horizon or data.seen < _FEWEST_SEEN:
            return
        if 1 - data.seen / data.size > _MOST_CUT:
            return
        if _reference(sample, data) < _LEAST_SPAN * data.threshold:
            continue  # nearly all last equally long
        yield data


def _continue(sample: Sample, data: Exceedances) -> Continuation:
    reference = _reference(sample, data)
    level = float(np.clip((_longest(sample, data) > reference).mean(), 0.02, 0.95))
    fits = tuple(fit(family, data, reference, level, DROP) for family in FAMILIES)
    share, size = data.size / sample.size, sample.size * sample.weight
    low, high = binomial_interval(share, size) if share < 1 else (1.0, 1.0)
    best = max(fits, key=lambda each: each.top)
    return Continuation(fits, share, low, high, _plausibility(best, sample, data))


def _reference(sample: Sample, data: Exceedances) -> float:
    """A time that 3 in 10 of those over the threshold exceed, or the cut."""
    usual = float(_longest(sample, data)[int(0.7 * data.size)])
    return max(min(usual, sample.horizon_seconds * 0.999), _SHORTEST_SECONDS)


def _longest(sample: Sample, data: Exceedances) -> Array:
    return np.sort(np.concatenate([sample.seen, sample.cut]))[-data.size :]


def _plausibility(best: Fit, sample: Sample, data: Exceedances) -> float:
    """The p-value of a likelihood ratio test on cells, which get smaller towards the tail."""
    edges = _cells(sample, data)
    longer = sample.seen[-data.seen :]
    beyond = np.append(data.size - np.searchsorted(longer, edges, side="right"), 0)
    seen = -np.diff(np.concatenate([[data.size], beyond]))
    survival = np.concatenate([[1.0], best.best_survival(edges), [0.0]])
    expected = np.maximum(-np.diff(survival), 1e-12) * data.size
    filled = seen > 0
    ratio = 2 * float((seen[filled] * np.log(seen[filled] / expected[filled])).sum())
    return float(chdtrc(max(1, len(seen) - 1 - _PARAMETERS), max(0.0, ratio) * data.weight))


def _cells(sample: Sample, data: Exceedances) -> Array:
    """Edges: at tenths of what was seen, then at halves of what remains, then the cut, if there is one."""
    longer = sample.seen[-data.seen :]
    shares = [*np.arange(0.1, 0.95, 0.1)]
    while (1 - shares[-1]) / 2 * data.seen > _CELL:
        shares.append((1 + shares[-1]) / 2)
    edges = np.unique(longer[[int(share * data.seen) for share in shares]])
    if len(data.cuts) and sample.horizon_seconds < math.inf:
        edges = np.append(edges[edges < sample.horizon_seconds], sample.horizon_seconds)
    return edges[edges > data.threshold]


def _is_sparse(sample: Sample) -> bool:
    """Whether fewer were seen in the half before the cut than tell how the tail goes on."""
    horizon = sample.horizon_seconds
    return bool((sample.seen > horizon / 2).sum() * sample.weight < _FEWEST_NEAR_CUT)
