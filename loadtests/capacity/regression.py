"""A share that grows with a rate: fitted by logistic regression, and where it crosses a given share.

For a queue with one server and exponential times the logarithm of the share that waits too long is a straight
line over the rate; it bends near 1, as the logistic curve does. Phones of one trial wait for each other, so
shares scatter more than coins would (quasi-likelihood: the scatter is measured, not assumed).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit, stdtrit

LEAST_POINTS = 5
_STEPS = 50
_GRID = 4001
_STEEPEST = 30.0
_SINGULAR = 1e10
# Few phones wait together in most trials and many in some, which Student's t does not reckon with: on queues
# of known capacity its 95 % were 92 to 95 %, and with this factor 95 to 98 % (docs/capacity.md).
_SKEW = 1.15

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Point:
    """One trial: `share` of `phones`, at `x`."""

    x: float
    share: float
    phones: float


@dataclass(frozen=True, slots=True)
class Fit:
    """logit(share) = intercept + slope x; `covariance` of both, `freedom` degrees of freedom."""

    intercept: float
    slope: float
    covariance: Floats
    freedom: int

    @classmethod
    def of(cls, points: Sequence[Point]) -> Self | None:
        """The fit; None with fewer than 5 points, or where they do not decide one."""
        if len(points) < LEAST_POINTS or not any(point.share for point in points):
            return None
        x, share, phones = (
            np.array([getattr(point, name) for point in points], dtype=float)
            for name in ("x", "share", "phones")
        )
        design = np.column_stack([np.ones_like(x), x])
        beta = _solved(design, share, phones)
        if beta is None:
            return None
        fitted = expit(np.clip(design @ beta, -_STEEPEST, _STEEPEST))
        variance = fitted * (1 - fitted)
        information = design.T @ (design * (phones * variance)[:, None])
        if np.linalg.cond(information) > _SINGULAR:
            return None
        freedom = len(points) - 2
        scatter = max(1.0, float((phones * (share - fitted) ** 2 / variance).sum()) / freedom)
        return cls(float(beta[0]), float(beta[1]), scatter * np.linalg.inv(information), freedom)

    def crossing(self, share: float, lowest: float, highest: float) -> tuple[float, float, float] | None:
        """The x where the share is this one, and its 95 % interval, both from `lowest` to `highest`.

        The interval holds every x at which the fitted share does not differ from this one by more than its
        own error (Fieller's, for a quotient). None when that is everywhere, or the share falls.
        """
        a, b = self.intercept - float(logit(share)), self.slope
        t = float(stdtrit(self.freedom, 0.975)) * _SKEW
        x = np.linspace(lowest, highest, _GRID)
        error = np.sqrt(self.covariance[0, 0] + 2 * x * self.covariance[0, 1] + x**2 * self.covariance[1, 1])
        inside = x[np.abs(a + b * x) <= t * error]
        if b <= 0 or not inside.size or inside.size == _GRID:
            return None
        low, high = float(inside[0]), float(inside[-1])
        return min(max(-a / b, low), high), low, high


def _solved(design: Floats, share: Floats, phones: Floats) -> Floats | None:
    """Iteratively reweighted least squares, from the mean share and no slope; None without an end."""
    mean = float(np.clip((share * phones).sum() / phones.sum(), 0.5 / phones.sum(), 0.999))
    beta = np.array([float(logit(mean)), 0.0])
    for _ in range(_STEPS):
        linear = np.clip(design @ beta, -_STEEPEST, _STEEPEST)
        fitted = expit(linear)
        variance = np.maximum(fitted * (1 - fitted), 1e-12)
        weights = phones * variance
        normal = design.T @ (design * weights[:, None])
        if not np.all(np.isfinite(normal)) or np.linalg.cond(normal) > _SINGULAR:
            return None
        following = np.linalg.solve(normal, design.T @ (weights * (linear + (share - fitted) / variance)))
        if np.abs(following - beta).max() < 1e-9:
            return following
        beta = following
    return None
