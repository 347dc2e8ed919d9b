"""Distributions whose tail is known, to draw samples from that are cut as an RA's timer cuts them."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from scipy import stats

from loadtests.survival.sample import Array, Sample

Draw = Callable[[np.random.Generator, int], Array]


@dataclass(frozen=True)
class Known:
    """How to draw from a distribution, and P(T > seconds) of it."""

    name: str
    draw: Draw
    share_over: Callable[[float], float]

    def sample(self, seed: int, size: int, timer_seconds: float = 10.0) -> Sample:
        """`size` durations to the millisecond, those over the timer cut there."""
        seconds = np.round(self.draw(np.random.default_rng([seed, size]), size), 3)
        cut = seconds >= timer_seconds
        return Sample.of(seconds[~cut], np.full(int(cut.sum()), timer_seconds))


def lognormal(median: float, sigma: float) -> Known:
    return Known(
        f"lognormal({median:g}, {sigma:g})",
        lambda chance, n: median * np.exp(sigma * chance.standard_normal(n)),
        lambda t: float(stats.norm.sf(math.log(t / median) / sigma)),
    )


def weibull(scale: float, power: float) -> Known:
    return Known(
        f"weibull({scale:g}, {power:g})",
        lambda chance, n: scale * chance.weibull(power, n),
        lambda t: math.exp(-((t / scale) ** power)),
    )


def pareto(minimum: float, alpha: float) -> Known:
    return Known(
        f"pareto({minimum:g}, {alpha:g})",
        lambda chance, n: minimum * (1 + chance.pareto(alpha, n)),
        lambda t: (minimum / t) ** alpha,
    )


def gamma(shape: float, scale: float) -> Known:
    return Known(
        f"gamma({shape:g}, {scale:g})",
        lambda chance, n: chance.gamma(shape, scale, n),
        lambda t: float(stats.gamma.sf(t, shape, scale=scale)),
    )


def fixed(seconds: float, deviation: float) -> Known:
    return Known(
        f"around {seconds:g}",
        lambda chance, n: np.maximum(chance.normal(seconds, deviation, n), 0.001),
        lambda t: float(stats.norm.sf((t - seconds) / deviation)),
    )


def mixture(share: float, usual: Known, slow: Known) -> Known:
    return Known(
        f"{usual.name} and {share:.0%} {slow.name}",
        partial(_mixed, share, usual, slow),
        lambda t: (1 - share) * usual.share_over(t) + share * slow.share_over(t),
    )


def _mixed(share: float, usual: Known, slow: Known, chance: np.random.Generator, size: int) -> Array:
    is_slow = chance.random(size) < share
    return np.where(is_slow, slow.draw(chance, size), usual.draw(chance, size))
