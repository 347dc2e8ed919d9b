"""Where the limit lies, with a 95 % interval, from how many phones near it did what a rule allows few to do.

Yes and no waste what was measured, so the share of phones that took too long, or failed, is fitted over the
rate, and the rate at which it is what the rule allows is the answer: by least squares where the trials decide
a slope (`regression.py`), by weighing all that may be where they do not (`crossing.py`). Where the rule
allows none at all, all that is known is between which rates trials disagree.
"""

import math
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from loadtests.capacity.crossing import Counted, crossing
from loadtests.capacity.regression import LEAST_POINTS, Fit, Point
from loadtests.capacity.trial import Margin, Trial, bracket, of_step, valid

# What happens farther away says little about the limit, and its curve is another.
_FAR_BELOW, _FAR_ABOVE = 0.5, 1.15
_LEAST_BRACKET = 0.10
# How far beyond the rates that were tried a fitted limit may be thought to lie.
_BEYOND = 1.2
# The logistic curve has no floor. Where shares grow slowly, what is late at any rate is no small part of what
# is allowed, and the intervals of such fits held the truth in 87 of 100 searches.
_STEEP = 8.0


@dataclass(frozen=True, slots=True)
class Estimate:
    """Phones per second. `rule` is what breaks first, `method` what the interval was made from.

    `steepness` is the share's over the rate (`crossing.py`), None where it was not fitted.
    """

    rate_per_second: float
    low: float
    high: float
    rule: str
    method: str
    steepness: float | None = None

    @property
    def width(self) -> float:
        """Of the interval, as a share of the rate."""
        return (self.high - self.low) / self.rate_per_second


def estimate(trials: Sequence[Trial]) -> Estimate | None:
    """The limit; None when no rate both held and broke."""
    held, broken = bracket(trials)
    if held is None or broken is None:
        return None
    loaded = [trial for trial in valid(trials) if trial.plan.step != "baseline"]
    near = list(_near(loaded, math.sqrt(held * broken)))
    rule = binding_rule(near) or binding_rule(loaded)
    return _by_least_squares(near, rule) or _by_weighing(loaded, rule) or _disputed(loaded, rule)


def binding_rule(trials: Sequence[Trial]) -> str:
    """The rule that these trials broke most often; empty when they broke none."""
    broken = [verdict.rule for trial in trials for verdict in trial.slo.rules if verdict.met is False]
    return statistics.mode(broken) if broken else ""


def _near(trials: Sequence[Trial], middle: float) -> Iterator[Trial]:
    """The holds, wherever what they taught has moved them, and the shorter trials around them."""
    holds = of_step(trials, "hold")
    center = statistics.median(trial.rate_per_second for trial in holds) if holds else middle
    for trial in trials:
        if trial.plan.step == "hold" or _FAR_BELOW <= trial.rate_per_second / center <= _FAR_ABOVE:
            yield trial


def _by_least_squares(trials: Sequence[Trial], rule: str) -> Estimate | None:
    """From whole trials near the limit; None where they do not decide a slope."""
    found = [(trial, margin) for trial, margin in _margins(trials, rule) if not trial.cut_short]
    if len(found) < LEAST_POINTS:
        return None
    middle = statistics.median(trial.rate_per_second for trial, _ in found)
    points = [
        Point(trial.rate_per_second / middle - 1, margin.share, margin.phones) for trial, margin in found
    ]
    fit = Fit.of(points)
    tried = sorted(1 + point.x for point in points)
    lowest, highest = tried[0] / _BEYOND - 1, tried[-1] * _BEYOND - 1
    at = fit.crossing(found[0][1].allowed, lowest, highest) if fit else None
    if fit is None or at is None or fit.slope < _STEEP:
        return None
    rate, low, high = (middle * (1 + x) for x in at)
    return Estimate(rate, low, high, rule, "fit", fit.slope)


def _by_weighing(trials: Sequence[Trial], rule: str) -> Estimate | None:
    """From all trials: a rate that broke by chance may have led those that followed far from the limit.

    One that was cut short says what it says of as many phones as had ended.
    """
    found = _margins(trials, rule)
    if not found:
        return None
    counted = [
        Counted(trial.rate_per_second, round(margin.share * margin.phones), margin.phones)
        for trial, margin in found
    ]
    at = crossing(counted, found[0][1].allowed)
    return Estimate(at.rate_per_second, at.low, at.high, rule, "weighing", at.steepness)


def _margins(trials: Sequence[Trial], rule: str) -> list[tuple[Trial, Margin]]:
    """What each trial says of the rule, where it does."""
    return [(trial, margin) for trial in trials for margin in trial.margins if margin.rule == rule]


def _disputed(loaded: Sequence[Trial], rule: str) -> Estimate:
    """Below its interval every trial held, above it every one broke; it has some width in any case."""
    broken = [trial.rate_per_second for trial in loaded if not trial.met]
    held = [trial.rate_per_second for trial in loaded if trial.met]
    low = max((rate for rate in held if rate < min(broken)), default=min(held))
    high = min((rate for rate in broken if rate > max(held)), default=max(broken))
    middle = math.sqrt(low * high)
    least = 1 + _LEAST_BRACKET
    return Estimate(middle, min(low, middle / least), max(high, middle * least), rule, "bracket")
