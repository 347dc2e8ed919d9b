"""The Universal Scalability Law: X(N) = lambda N / (1 + sigma (N - 1) + kappa N (N - 1)), after Gunther.

N phones at a time enroll X(N) phones per second: lambda is what one phone at a time reaches, sigma the share
of the work that waits for what only one can have (contention), kappa what each pair costs to agree
(coherency). With kappa above 0 there is a peak, at N* = sqrt((1 - sigma) / kappa).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

# N/X is linear in (1, sigma, kappa)/lambda. Neither sigma nor kappa is below 0, so the best fit is the best
# of those that leave out some of the two and come out without a negative one.
_SUBSETS = ((0, 1, 2), (0, 1), (0, 2), (0,))
_SUBSETS_WITHOUT_COHERENCY = ((0, 1), (0,))
_REWEIGHTINGS = 3


@dataclass(frozen=True, slots=True)
class Curve:
    """One curve. `alone_per_second` is lambda in phones per second, `contention` sigma, `coherency` kappa."""

    alone_per_second: float
    contention: float
    coherency: float

    def per_second(self, concurrency: float) -> float:
        """Phones enrolled per second with so many at a time."""
        return float(throughputs(self.parameters, np.array([concurrency]))[0, 0])

    @property
    def parameters(self) -> Array:
        """As one row: lambda, sigma, kappa."""
        return np.array([[self.alone_per_second, self.contention, self.coherency]])

    @classmethod
    def of(cls, row: Sequence[float] | Array) -> "Curve":
        """The curve of a row lambda, sigma, kappa."""
        return cls(*(float(value) for value in row))


def throughputs(parameters: Array, concurrency: Array) -> Array:
    """A row of phones per second for each row lambda, sigma, kappa; a column for each concurrency."""
    alone, contention, coherency = (parameters[:, [column]] for column in range(3))
    n = concurrency[None, :]
    return np.asarray(alone * n / (1 + contention * (n - 1) + coherency * n * (n - 1)))


def peaks(parameters: Array) -> Array:
    """N* of each row lambda, sigma, kappa: no less than 1, infinite where kappa is 0."""
    room = np.clip(1 - parameters[:, 1], 0, None)
    coherency = parameters[:, 2]
    known = np.divide(room, coherency, out=np.full_like(room, np.inf), where=coherency > 0)
    return np.maximum(1.0, np.sqrt(known))


def fit(concurrency: Array, measured: Array, *, coherent: bool = True) -> Array:
    """The curves that come closest to each row of `measured` phones per second: rows of lambda, sigma, kappa.

    Closest by the relative error, as a measured throughput is uncertain by a share of itself. With
    `coherent` False, kappa is 0.
    """
    columns = np.stack([np.ones_like(concurrency), concurrency - 1, concurrency * (concurrency - 1)], axis=1)
    inverse = concurrency / measured
    expected = inverse
    for _ in range(_REWEIGHTINGS):
        linear = _least_squares(columns, inverse, expected, coherent=coherent)
        expected = linear @ columns.T
    return np.stack([1 / linear[:, 0], linear[:, 1] / linear[:, 0], linear[:, 2] / linear[:, 0]], axis=1)


def _least_squares(columns: Array, inverse: Array, expected: Array, *, coherent: bool) -> Array:
    """Of each row: the coefficients, none negative, with the least squares of (fitted - inverse)/expected."""
    weighted, target = columns[None] / expected[:, :, None], inverse / expected
    best, least = np.zeros((len(inverse), 3)), np.full(len(inverse), np.inf)
    for subset in _SUBSETS if coherent else _SUBSETS_WITHOUT_COHERENCY:
        solved = _solve(weighted[:, :, subset], target)
        coefficients = np.zeros_like(best)
        coefficients[:, subset] = solved
        cost = ((np.einsum("bnk,bk->bn", weighted, coefficients) - target) ** 2).sum(axis=1)
        better = (solved[:, 1:] >= 0).all(axis=1) & (solved[:, 0] > 0) & (cost < least)
        best[better], least[better] = coefficients[better], cost[better]
    return best


def _solve(weighted: Array, target: Array) -> Array:
    """Least squares of each row, its columns scaled to length 1: N(N - 1) is a thousand times N."""
    lengths = np.linalg.norm(weighted, axis=1)
    scaled = weighted / lengths[:, None, :]
    normal = np.einsum("bni,bnj->bij", scaled, scaled)
    right = np.einsum("bni,bn->bi", scaled, target)
    return np.asarray(np.linalg.solve(normal, right[:, :, None])[:, :, 0] / lengths)
