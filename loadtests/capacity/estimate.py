"""Where the limit lies, with a 95 % interval, from what the trials near it used of what a rule allows.

Yes and no waste what was measured: a p99 of 4.9 s where 5 s are allowed says more than «held». So the
logarithm of what was used is fitted as a straight line over the logarithm of the rate, near the limit, and
the rate at which the line crosses the limit is the answer. Its interval is Fieller's, for the quotient that
the crossing is; where the line is too uncertain for one, the bracket of the search is all that is known.
"""

import math
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Self

from loadtests.capacity.trial import Trial, bracket, of_step

_NEAR = 1.3
_LEAST_POINTS = 5
# Two-sided 95 % of Student's t, by degrees of freedom from 1.
_T = (
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228,
    2.201, 2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086,
)  # fmt: skip
_T_LIMIT = 1.960


@dataclass(frozen=True, slots=True)
class Estimate:
    """Phones per second. `rule` is what breaks first, `method` what the interval was made from."""

    rate_per_second: float
    low: float
    high: float
    rule: str
    method: str

    @property
    def width(self) -> float:
        """Of the interval, as a share of the rate."""
        return (self.high - self.low) / self.rate_per_second


def estimate(trials: Sequence[Trial]) -> Estimate | None:
    """The limit; None when no rate both held and broke."""
    held, broken = bracket(trials)
    if held is None or broken is None:
        return None
    middle = math.sqrt(held * broken)
    rule = _binding_rule(trials, middle)
    points = _points(trials, rule, middle)
    line = _Line.fit(points) if len(points) >= _LEAST_POINTS else None
    crossing = line.crossing() if line else None
    if crossing is None:
        return Estimate(middle, held, broken, rule, "bracket")
    rate, low, high = (middle * math.exp(x) for x in crossing)
    return Estimate(rate, low, high, rule, "fit")


def _binding_rule(trials: Sequence[Trial], middle: float) -> str:
    """The rule that is broken most often near the limit."""
    broken = [
        verdict.rule for trial in _near(trials, middle) for verdict in trial.slo.rules if verdict.met is False
    ]
    return statistics.mode(broken) if broken else ""


def _points(trials: Sequence[Trial], rule: str, middle: float) -> list["_Point"]:
    return [
        _Point(math.log(trial.rate_per_second / middle), math.log(margin.used), trial.phones)
        for trial in _near(trials, middle)
        for margin in trial.margins
        if margin.rule == rule
    ]


def _near(trials: Sequence[Trial], middle: float) -> Iterator[Trial]:
    """The holds, wherever what they taught has moved them, and the shorter trials around them."""
    holds = of_step(trials, "hold")
    center = statistics.median(trial.rate_per_second for trial in holds) if holds else middle
    for trial in trials:
        near = center / _NEAR <= trial.rate_per_second <= center * _NEAR
        if trial.plan.step == "hold" or (near and trial.plan.step != "baseline"):
            yield trial


@dataclass(frozen=True, slots=True)
class _Point:
    """A trial: logarithms of its rate over the middle and of what was used; its weight is its phones."""

    x: float
    y: float
    weight: float


@dataclass(frozen=True, slots=True)
class _Line:
    """y = intercept + slope x, with what is uncertain of both; `t` is Student's for 95 %."""

    intercept: float
    slope: float
    intercept_variance: float
    slope_variance: float
    covariance: float
    t: float

    @classmethod
    def fit(cls, points: Sequence[_Point]) -> Self | None:
        """Least squares; None where all points have one rate."""
        total = sum(p.weight for p in points)
        mean_x = sum(p.weight * p.x for p in points) / total
        mean_y = sum(p.weight * p.y for p in points) / total
        spread = sum(p.weight * (p.x - mean_x) ** 2 for p in points)
        if spread <= 0:
            return None
        slope = sum(p.weight * (p.x - mean_x) * (p.y - mean_y) for p in points) / spread
        intercept = mean_y - slope * mean_x
        freedom = len(points) - 2
        residual = sum(p.weight * (p.y - intercept - slope * p.x) ** 2 for p in points) / freedom
        slope_variance = residual / spread
        return cls(
            intercept, slope, residual / total + mean_x**2 * slope_variance, slope_variance,
            -mean_x * slope_variance, _T[freedom - 1] if freedom <= len(_T) else _T_LIMIT,
        )  # fmt: skip

    def crossing(self) -> tuple[float, float, float] | None:
        """Where the line crosses 0, and Fieller's interval of it; None when the slope could be 0 or fall."""
        a, b, t2 = self.intercept, self.slope, self.t**2
        square = b**2 - t2 * self.slope_variance
        if b <= 0 or square <= 0:
            return None
        half = a * b - t2 * self.covariance
        rest = a**2 - t2 * self.intercept_variance
        root = math.sqrt(max(0.0, half**2 - square * rest))
        return -a / b, (-half - root) / square, (-half + root) / square
