"""Censored maximum likelihood: the best member of a family, and all that fit nearly as well.

Those whose log-likelihood is less than a drop below the best make a region; the range of any share over it
is that share's profile likelihood interval.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit, logit

from loadtests.survival.sample import Array, Exceedances
from loadtests.survival.tails import Family, Span

_COARSE, _FINE = 15, 25
_WIDEST_SIGMAS = 8.0
_EXTENSIONS = 8
_IMPOSSIBLE = -1e300


@dataclass(frozen=True, slots=True)
class Fit:
    """A family's members near the best one: `shapes` and `levels`, with their `log_likelihoods`."""

    family: Family
    span: Span
    shapes: Array
    levels: Array
    log_likelihoods: Array

    @property
    def top(self) -> float:
        """The highest log-likelihood."""
        return float(self.log_likelihoods.max())

    def log_survival(self, seconds: float, at_least: float) -> tuple[float, float, float]:
        """Of log P(T > seconds | T > threshold): the best member's, the least and most of the region.

        The region: log-likelihoods of `at_least`.
        """
        values = self._log_survival(np.array([seconds]))[:, 0]
        inside = values[self.log_likelihoods >= at_least]
        best = float(values[self.log_likelihoods.argmax()])
        return best, float(inside.min(initial=best)), float(inside.max(initial=best))

    def best_survival(self, seconds: Array) -> Array:
        """P(T > seconds | T > threshold) of the best member."""
        best: Array = np.exp(self._log_survival(seconds)[self.log_likelihoods.argmax()])
        return best

    def _log_survival(self, seconds: Array) -> Array:
        member = self.family.place(self.shapes, self.levels, self.span)
        return self.family.log_survival(seconds, member, self.span)


def fit(family: Family, data: Exceedances, reference: float, level: float, drop: float) -> Fit:
    """The family's members within `drop` of the best; `level` is a first guess of P(T > reference)."""
    likelihood = _Likelihood(family, data, Span(data.threshold, reference))
    centre = likelihood.summit(level)
    box = likelihood.box(centre, drop)
    for _ in range(_EXTENSIONS):
        shapes, levels = np.meshgrid(*(np.linspace(low, high, _FINE) for low, high in box), indexing="ij")
        found = likelihood(shapes, levels)
        inside = found >= found.max() - drop
        wider = likelihood.extended(box, inside)
        if np.array_equal(wider, box):
            break
        box = wider
    keep = inside.ravel()
    chosen = (
        np.append(grid.ravel()[keep], value) for grid, value in ((shapes, centre[0]), (levels, centre[1]))
    )
    kept_shapes, kept_levels = chosen
    tops = np.append(found.ravel()[keep], likelihood(centre[:1], centre[1:]))
    return Fit(family, likelihood.span, kept_shapes, expit(kept_levels), tops)


class _Likelihood:
    """Log-likelihood of members by shape and logit of level."""

    def __init__(self, family: Family, data: Exceedances, span: Span) -> None:
        self.family, self.data, self.span = family, data, span
        size = data.size * data.weight
        self._sigma = 1 / np.sqrt(max(size * 0.2, 1.0))

    def __call__(self, shapes: Array, levels: Array) -> Array:
        data, span = self.data, self.span
        filled = data.counts > 0
        member = self.family.place(shapes, expit(levels), span)
        with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
            at_edges = self.family.log_survival(data.edges, member, span)
            total = (_log_between(at_edges)[..., filled] * data.counts[filled]).sum(-1)
            if len(data.cuts):
                total += (self.family.log_survival(data.cuts, member, span) * data.cut_counts).sum(-1)
        return np.where(np.isfinite(total), total * data.weight, _IMPOSSIBLE)

    def summit(self, level: float) -> Array:
        """Shape and logit of level of the best member."""
        family = self.family
        reach = _WIDEST_SIGMAS * self._sigma
        shapes, levels = np.meshgrid(
            np.linspace(family.lowest_shape, family.highest_shape, 2 * _COARSE),
            np.linspace(logit(level) - reach, logit(level) + reach, _COARSE),
            indexing="ij",
        )
        place = np.unravel_index(self(shapes, levels).argmax(), shapes.shape)
        start = np.array([shapes[place], levels[place]])
        best = minimize(
            lambda x: -float(self(x[:1], x[1:])[0]), start, method="Nelder-Mead",
            bounds=[(family.lowest_shape, family.highest_shape), (-30.0, 30.0)],
            options={
                "xatol": 1e-5, "fatol": 1e-4, "maxiter": 400,
                "initial_simplex": start + np.array([[0, 0], [0.1, 0], [0, self._sigma]]),
            },
        )  # fmt: skip
        found: Array = best.x
        return found

    def box(self, centre: Array, drop: float) -> Array:
        """A box around the summit that reaches, along each axis, to where the likelihood has dropped."""
        top = float(self(centre[:1], centre[1:])[0])
        box = np.empty((2, 2))
        for axis in (0, 1):
            for side, sign in enumerate((-1.0, 1.0)):
                step = 1e-3
                while step < 20:
                    point = centre.copy()
                    point[axis] += sign * step
                    if float(self(point[:1], point[1:])[0]) < top - drop:
                        break
                    step *= 1.5
                box[axis, side] = centre[axis] + sign * 1.2 * step
        return self._bounded(box)

    def extended(self, box: Array, inside: NDArray[np.bool_]) -> Array:
        """The box, wider at each side that the region touches; the same when it touches none."""
        wider = box.copy()
        for axis in (0, 1):
            width = 0.5 * (box[axis, 1] - box[axis, 0])
            touched: NDArray[np.bool_] = np.logical_or.reduce(inside, axis=1 - axis)
            wider[axis] += np.array([-width * touched[0], width * touched[-1]])
        return self._bounded(wider)

    def _bounded(self, box: Array) -> Array:
        limits = np.array([[self.family.lowest_shape, self.family.highest_shape], [-30.0, 30.0]])
        return np.clip(box, limits[:, :1], limits[:, 1:])


def _log_between(at_edges: Array) -> Array:
    """The log of the probability between two edges, from the logs of survival at them."""
    falls = np.minimum(np.diff(at_edges, axis=-1), -1e-15)
    between: Array = at_edges[..., :-1] + np.log(-np.expm1(falls))
    return between
