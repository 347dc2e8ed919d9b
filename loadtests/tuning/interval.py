"""A mean of few replications, with its interval of 95 % or another confidence."""

import math
import statistics
from collections.abc import Sequence

import msgspec
from scipy.stats import t

_CONFIDENCE = 0.95


class Interval(msgspec.Struct, frozen=True):
    """A mean, and its interval by Student's t; a single value has no width that is known."""

    mean: float
    low: float
    high: float


def interval(values: Sequence[float], confidence: float = _CONFIDENCE) -> Interval:
    """Of replications that have nothing in common but what is measured."""
    mean = statistics.fmean(values)
    if len(values) < 2:
        return Interval(mean, mean, mean)
    error = statistics.stdev(values) / math.sqrt(len(values))
    half = float(t.ppf((1 + confidence) / 2, len(values) - 1)) * error
    return Interval(mean, mean - half, mean + half)
