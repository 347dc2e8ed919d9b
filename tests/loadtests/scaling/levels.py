"""Levels of a known truth, with noise."""

from collections.abc import Sequence

import numpy as np

from loadtests.scaling.curve import Curve
from loadtests.scaling.level import Level, Repeat

CONCURRENCIES = (1, 2, 4, 8, 16, 32, 64)


def repeat(per_second: float, failed_share: float = 0.0) -> Repeat:
    return Repeat(per_second, None, None, None, 1000, failed_share)


def levels_of(
    curve: Curve, noise: float, seed: int, repeats: int = 3, concurrencies: Sequence[int] = CONCURRENCIES
) -> list[Level]:
    source = np.random.default_rng([1, seed])
    return [
        Level(
            n, [repeat(curve.per_second(n) * (1 + noise * source.standard_normal())) for _ in range(repeats)]
        )
        for n in concurrencies
    ]
