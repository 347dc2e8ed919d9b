"""Families of distributions for what lies beyond the cut, each with two parameters.

A member is named by its `shape` and by the share `level` of those over a threshold that last beyond a
reference: a share that the data tell well, so that likelihoods in these two are nearly round. Every array
function takes arrays of members and broadcasts over durations in the last axis.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import log_ndtr

from loadtests.survival.sample import Array

_BISECTIONS = 60
_FARTHEST_DEVIATIONS = 60.0
_NEVER = -700.0


@dataclass(frozen=True, slots=True)
class Span:
    """From the threshold, over which all is, to the reference at which the level is."""

    threshold: float
    reference: float


Member = tuple[Array, Array]
Placed = Callable[[Array, Array, Span], Member]
LogSurvival = Callable[[Array, Member, Span], Array]


@dataclass(frozen=True, slots=True)
class Family:
    """`place` gives the members with these shapes and levels, `log_survival` log P(T > t | T > threshold).

    `tail` says in words what the family takes for granted beyond all data.
    """

    name: str
    tail: str
    lowest_shape: float
    highest_shape: float
    place: Placed
    log_survival: LogSurvival


def _place_lognormal(shape: Array, level: Array, span: Span) -> Member:
    """Shape: log of the deviation of the logarithm. The median is found by halving."""
    deviation = np.exp(shape) * np.ones_like(level)
    end, wanted = math.log(span.reference), np.log(level)
    start = math.log(span.threshold) if span.threshold else -math.inf
    low, high = end - _FARTHEST_DEVIATIONS * deviation, end + _FARTHEST_DEVIATIONS * deviation
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        short = log_ndtr((middle - end) / deviation) - log_ndtr((middle - start) / deviation) < wanted
        low, high = np.where(short, middle, low), np.where(short, high, middle)
    return (low + high) / 2, deviation


def _lognormal(seconds: Array, member: Member, span: Span) -> Array:
    median, deviation = (each[..., None] for each in member)
    start = math.log(span.threshold) if span.threshold else -math.inf
    beyond: Array = log_ndtr((median - np.log(seconds)) / deviation)
    whole: Array = log_ndtr((median - start) / deviation)
    return beyond - whole


def _place_weibull(shape: Array, level: Array, span: Span) -> Member:
    """Shape: log of Weibull's k. Time counts in references, to keep powers small."""
    power = np.exp(shape) * np.ones_like(level)
    return power, -np.log(level) / (1 - (span.threshold / span.reference) ** power)


def _weibull(seconds: Array, member: Member, span: Span) -> Array:
    power, rate = (each[..., None] for each in member)
    with np.errstate(over="ignore"):
        return -rate * ((seconds / span.reference) ** power - (span.threshold / span.reference) ** power)


def _place_pareto(shape: Array, level: Array, span: Span) -> Member:
    """Shape: that of the generalised Pareto distribution, 0: exponential, over 0: a power of time."""
    index = np.where(np.abs(shape) < 1e-6, 1e-6, shape) * np.ones_like(level)
    return index, (span.reference - span.threshold) * index / np.expm1(-index * np.log(level))


def _pareto(seconds: Array, member: Member, span: Span) -> Array:
    index, scale = (each[..., None] for each in member)
    grown = 1 + index * (seconds - span.threshold) / scale
    return np.where(grown > 0, -np.log(np.maximum(grown, 1e-300)) / index, _NEVER)


def _place_loglogistic(shape: Array, level: Array, span: Span) -> Member:
    """Shape: log of the power. Levels below that of a pure power have no member: NaN."""
    power = np.exp(shape) * np.ones_like(level)
    least = (span.threshold / span.reference) ** power
    with np.errstate(divide="ignore", invalid="ignore"):
        return power, np.where(level > least, (1 - level) / (level - least), np.nan)


def _loglogistic(seconds: Array, member: Member, span: Span) -> Array:
    power, odds = (each[..., None] for each in member)
    with np.errstate(over="ignore"):
        before = np.log1p(odds * (span.threshold / span.reference) ** power)
        return before - np.log1p(odds * (seconds / span.reference) ** power)


FAMILIES = (
    Family(
        "lognormal", "thins out faster than any power of time",
        math.log(0.02), math.log(12), _place_lognormal, _lognormal,
    ),
    Family(
        "weibull", "thins out exponentially in a power of time",
        math.log(0.05), math.log(30), _place_weibull, _weibull,
    ),
    Family("pareto", "thins out as a power of time", -0.5, 4.0, _place_pareto, _pareto),
    Family(
        "loglogistic", "thins out as a power of time",
        math.log(0.1), math.log(60), _place_loglogistic, _loglogistic,
    ),
)  # fmt: skip
