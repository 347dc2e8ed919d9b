"""Measurements as they might have come out as well: a fitted curve with its residuals dealt out anew."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from loadtests.scaling.curve import Array, fit, throughputs

PARAMETERS = 3
Counts = NDArray[np.intp]
_SHUFFLES = 499
_SIGNIFICANT = 0.05
_LEAST_FREEDOM = 0.05
_SMALLEST_FACTOR = 0.05


@dataclass(frozen=True, slots=True)
class Scatter:
    """How measurements lie about a curve, as shares of it.

    `noise` are the residuals of single repeats; where the curve misses whole levels by more than repeats
    explain (`misses_levels`), `misses` has how far, one a level, and `noise` only what is left of the rest.
    """

    concurrency: Array
    noise: Array
    misses: Array
    freedom: int
    misses_levels: bool

    @classmethod
    def about(
        cls, parameters: Array, concurrency: Array, measured: Array, source: np.random.Generator
    ) -> Self:
        """Of `measured` (a value for each entry of `concurrency`) about the curve that was fitted to it."""
        fitted = throughputs(parameters, concurrency)[0]
        residuals = measured / fitted - 1
        leverage = _leverage(concurrency, fitted)
        levels, level_of, repeats = np.unique(concurrency, return_inverse=True, return_counts=True)
        if not _misses_levels(residuals, level_of, repeats, source):
            # What the fit has bent towards the measurements is given back to the residuals.
            noise = residuals / np.sqrt(np.clip(1 - leverage, _LEAST_FREEDOM, None))
            none = np.zeros(len(levels))
            return cls(concurrency, noise - noise.mean(), none, len(measured) - PARAMETERS, False)
        means = np.bincount(level_of, residuals) / repeats
        of_levels = np.bincount(level_of, leverage)
        misses = means / np.sqrt(np.clip(1 - of_levels, _LEAST_FREEDOM, None))
        noise = residuals - means[level_of]
        return cls(concurrency, noise, misses - misses.mean(), len(levels) - PARAMETERS, True)

    def replicas(self, parameters: Array, count: int, source: np.random.Generator) -> Array:
        """`count` rows of measurements about the curve of `parameters`.

        The size of the residuals is as uncertain as so few of them leave it: each row has one of its own.
        """
        fitted = throughputs(parameters, self.concurrency)[0]
        level_of = np.unique(self.concurrency, return_inverse=True)[1]
        levels = len(self.misses)
        noise = source.choice(self.noise, (count, len(self.noise)))
        misses = source.choice(self.misses, (count, levels))[:, level_of]
        spread = np.sqrt(self.freedom / source.chisquare(self.freedom, (count, 1)))
        return np.asarray(fitted * np.clip(1 + spread * (noise + misses), _SMALLEST_FACTOR, None))


def coherency_chance(
    scatter: Scatter, concurrency: Array, measured: Array, source: np.random.Generator
) -> float:
    """How often data without coherency would gain as much from it as `measured` does: a p-value.

    The gain is of likelihood: how much smaller the squared residuals are with kappa than without.
    """
    without = fit(concurrency, measured[None], coherent=False)
    gains = _gains(concurrency, scatter.replicas(without, _SHUFFLES, source))
    gain = _gains(concurrency, measured[None])[0]
    return float((1 + (gains >= gain).sum()) / (1 + _SHUFFLES))


def _gains(concurrency: Array, measured: Array) -> Array:
    squares = [
        ((measured / throughputs(fit(concurrency, measured, coherent=coherent), concurrency) - 1) ** 2).sum(
            axis=1
        )
        for coherent in (False, True)
    ]
    return np.asarray(squares[0] / np.maximum(squares[1], np.finfo(float).tiny))


def _leverage(concurrency: Array, fitted: Array) -> Array:
    columns = np.stack([np.ones_like(concurrency), concurrency - 1, concurrency * (concurrency - 1)], axis=1)
    orthogonal = np.linalg.qr(columns * (fitted / concurrency)[:, None])[0]
    return np.asarray((orthogonal**2).sum(axis=1))


def _misses_levels(residuals: Array, level_of: Counts, repeats: Counts, source: np.random.Generator) -> bool:
    """Whether residuals of one level are more alike than chance makes them; unknown without repeats."""
    if repeats.max() < 2:
        return False
    shuffled = source.permuted(np.tile(residuals, (_SHUFFLES, 1)), axis=1)
    rows = np.vstack([residuals, shuffled])
    sums = np.stack([rows[:, level_of == level].sum(axis=1) for level in range(len(repeats))], axis=1)
    between = (sums**2 / repeats).sum(axis=1)
    return bool((between >= between[0]).mean() < _SIGNIFICANT)
