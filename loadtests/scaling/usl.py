"""The Universal Scalability Law fitted to levels: parameters and predictions, each with a 95 % interval."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import msgspec
import numpy as np
from msgspec import Meta

from loadtests.errors import ModelError
from loadtests.scaling.curve import Array, Curve, fit, peaks, throughputs
from loadtests.scaling.level import Level, usable
from loadtests.scaling.resampling import Scatter, coherency_chance

LEAST_LEVELS = 6
_REPLICAS = 1000
_PERCENT = (2.5, 97.5)
_SIGNIFICANT = 0.05
_TAIL = 0.02
_BAND_POINTS = 40
_BEYOND = 2.0


class Estimated(msgspec.Struct, frozen=True):
    """A value and its 95 % interval."""

    value: float
    low: float
    high: float


class Predicted(msgspec.Struct, frozen=True):
    """Phones enrolled per second with so many at a time, and the 95 % interval of that."""

    concurrency: float
    per_second: float
    low: float
    high: float


class Usl(msgspec.Struct, frozen=True):
    """lambda N / (1 + sigma (N - 1) + kappa N (N - 1)) as it was fitted to `levels` levels.

    Without a kappa that can be told from 0 there is no peak; `note` says why, and what else limits the fit.
    """

    levels: int
    alone_per_second: Annotated[Estimated, Meta(description="lambda: phones per second, one at a time")]
    contention: Annotated[
        Estimated, Meta(description="sigma: share of the work that only one can do at a time")
    ]
    coherency: Annotated[Estimated, Meta(description="kappa: cost of each pair's agreeing")]
    coherency_told: Annotated[bool, Meta(description="Whether kappa can be told from 0")]
    coherency_chance: Annotated[
        float, Meta(description="How often data without kappa would gain as much likelihood from it")
    ]
    peak_concurrency: Annotated[Estimated | None, Meta(description="N*: phones at a time")]
    peak_per_second: Estimated | None
    misses_levels: Annotated[
        bool, Meta(description="Whether the curve misses levels by more than their repeats differ")
    ]
    note: str
    band: list[Predicted]


@dataclass(frozen=True, slots=True)
class _Fitted:
    """The fit, and the curves it might have been as well: rows of lambda, sigma, kappa."""

    parameters: Array
    replicas: Array

    def at(self, concurrency: Sequence[float]) -> list[Predicted]:
        """Predictions with their intervals; within what was measured, and as far beyond as you trust it."""
        where = np.asarray(concurrency, dtype=float)
        middle = throughputs(self.parameters, where)[0]
        low, high = np.percentile(throughputs(self.replicas, where), _PERCENT, axis=0)
        return [Predicted(*(float(v) for v in row)) for row in zip(where, middle, low, high, strict=True)]


def points(levels: Sequence[Level]) -> tuple[Array, Array]:
    """Concurrency and phones per second of every repeat."""
    rows = [(level.concurrency, repeat.per_second) for level in levels for repeat in level.repeats]
    columns = np.array(rows, dtype=float).reshape(-1, 2)
    return columns[:, 0], columns[:, 1]


def fit_usl(levels: Sequence[Level], seed: int) -> Usl:
    """The law fitted to those levels that can be used; ModelError when they are fewer than six.

    The same levels and seed give the same intervals.
    """
    return _described(*_fitted(usable(levels), seed))


def best_curve(levels: Sequence[Level]) -> Curve:
    """The curve that comes closest, without its intervals: to leave one out, five levels are enough."""
    concurrency, measured = points(levels)
    return Curve.of(fit(concurrency, measured[None])[0])


def _fitted(levels: Sequence[Level], seed: int) -> tuple[_Fitted, Sequence[Level], Scatter, float]:
    if len(levels) < LEAST_LEVELS:
        raise ModelError(
            f"the scalability law needs {LEAST_LEVELS} levels of concurrency that can be used, and there are "
            f"{len(levels)}; measure more"
        )
    source = np.random.default_rng(seed)
    concurrency, measured = points(levels)
    parameters = fit(concurrency, measured[None])
    scatter = Scatter.about(parameters, concurrency, measured, source)
    replicas = fit(concurrency, scatter.replicas(parameters, _REPLICAS, source))
    chance = coherency_chance(scatter, concurrency, measured, source)
    return _Fitted(parameters, replicas), levels, scatter, chance


def _described(fitted: _Fitted, levels: Sequence[Level], scatter: Scatter, chance: float) -> Usl:
    parameters, replicas = fitted.parameters, fitted.replicas
    alone, contention, coherency = (
        _estimated(parameters[:, column], replicas[:, column]) for column in range(3)
    )
    # A sample in forty without kappa would put the peak's upper end at infinity.
    told = bool(chance < _SIGNIFICANT and (replicas[:, 2] == 0).mean() < _TAIL)
    peak = _estimated(peaks(parameters), peaks(replicas)) if told else None
    highest = levels[-1].concurrency
    return Usl(
        levels=len(levels),
        alone_per_second=alone,
        contention=contention,
        coherency=coherency,
        coherency_told=told,
        coherency_chance=chance,
        peak_concurrency=peak,
        peak_per_second=_estimated(_at_peak(parameters), _at_peak(replicas)) if told else None,
        misses_levels=scatter.misses_levels,
        note=_note(chance, peak, highest, misses=scatter.misses_levels),
        band=fitted.at(_grid(levels[0].concurrency, highest)),
    )


def _estimated(values: Array, replicas: Array) -> Estimated:
    """The first of `values` with the interval of `replicas`."""
    low, high = np.percentile(replicas, _PERCENT)
    return Estimated(float(values[0]), float(low), float(high))


def _at_peak(parameters: Array) -> Array:
    """Phones per second at the peak of each row that has one."""
    rows = parameters[parameters[:, 2] > 0]
    where = peaks(rows)
    return np.array([throughputs(row[None], n[None])[0, 0] for row, n in zip(rows, where, strict=True)])


def _grid(lowest: int, highest: int) -> list[float]:
    return [float(f"{n:.5g}") for n in np.geomspace(lowest, highest * _BEYOND, _BAND_POINTS)]


def _note(chance: float, peak: Estimated | None, highest: int, *, misses: bool) -> str:
    said = []
    if peak is None and chance < _SIGNIFICANT:
        said.append("kappa cannot be told from 0: its interval touches 0, so no peak is given")
    elif peak is None:
        said.append(
            "kappa cannot be told from 0: without it, data would gain as much likelihood in "
            f"{100 * chance:.0f} of 100 cases, so no peak is given"
        )
    elif peak.value > highest:
        said.append(f"the peak lies beyond the {highest} at a time that were measured: it is extrapolated")
    if misses:
        said.append(
            "the curve misses levels by more than their repeats differ: the chain does not scale by it"
        )
    return "; ".join(said)
