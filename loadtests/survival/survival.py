"""The share of durations that last longer than any given time, with what is known about it and how well."""

import enum
import math
from dataclasses import dataclass

import numpy as np

from loadtests.survival.binomial import binomial_interval
from loadtests.survival.sample import Array, Sample
from loadtests.survival.tail import Tail, find_tail

_NOTHING = 1e-9


class Basis(enum.StrEnum):
    """What a share rests on."""

    SEEN = "seen"
    TAIL = "tail"
    BOUNDS = "bounds"


@dataclass(frozen=True, slots=True)
class Share:
    """P(T > seconds): between `low` and `high` with 95 % confidence, `estimate` the likeliest.

    `seen`: counted below every cut. `tail`: continued beyond it as the data went on before it. `bounds`: the
    data cannot tell; it is anything up to the share that was cut, and there is no estimate.
    """

    seconds: float
    estimate: float | None
    low: float
    high: float
    basis: Basis

    @property
    def width(self) -> float:
        """How far apart the ends are."""
        return self.high - self.low


class Survival:
    """Of one sample. Up to its horizon by Kaplan and Meier, beyond by its tail, where it has one."""

    def __init__(self, sample: Sample) -> None:
        self.sample = sample
        self._times, self._shares, self._variances = _kaplan_meier(sample)
        self.tail: Tail | None = find_tail(sample) if sample.horizon_seconds < math.inf else None

    @property
    def horizon_seconds(self) -> float:
        """Up to here the sample itself tells."""
        return self.sample.horizon_seconds

    def share_over(self, seconds: float) -> Share:
        """P(T > seconds)."""
        if seconds <= self.horizon_seconds:
            return self._counted(seconds)
        at_cut = self._counted(self.horizon_seconds)
        if self.tail is None:
            return Share(seconds, None, 0.0, at_cut.high, Basis.BOUNDS)
        estimate, low, high = (0.0 if share < _NOTHING else share for share in self.tail.share_over(seconds))
        return Share(seconds, estimate, low, max(min(high, at_cut.high), estimate), Basis.TAIL)

    def _counted(self, seconds: float) -> Share:
        place = int(np.searchsorted(self._times, seconds, side="right")) - 1
        share = float(self._shares[place]) if place >= 0 else 1.0
        variance = float(self._variances[place]) if place >= 0 else 0.0
        size = self.sample.size * self.sample.weight
        if 0 < share < 1 and variance > 0:
            # As many independent ones as would vary as much; without cuts, all of them.
            size = min(size, share * (1 - share) / variance * self.sample.weight)
        low, high = binomial_interval(share, size)
        return Share(seconds, share, low, high, Basis.SEEN)


def _kaplan_meier(sample: Sample) -> tuple[Array, Array, Array]:
    """Times at which something ended, the share beyond each, and its variance (Greenwood)."""
    times, ended = np.unique(sample.seen, return_counts=True)
    gone = np.searchsorted(sample.seen, times, side="left") + np.searchsorted(sample.cut, times, side="left")
    at_risk = sample.size - gone
    shares = np.cumprod(1 - ended / at_risk)
    with np.errstate(divide="ignore", invalid="ignore"):
        sums = np.cumsum(ended / (at_risk * (at_risk - ended)))
        variances = np.where(shares > 0, shares**2 * sums, 0.0)
    return times, shares, variances
