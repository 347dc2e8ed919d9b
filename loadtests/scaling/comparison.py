"""Which model predicts better: each level is predicted from all the others, by both models."""

import itertools
import math
import statistics
from collections.abc import Callable, Sequence
from typing import Annotated, Literal

import msgspec
import numpy as np
from msgspec import Meta

from loadtests.scaling.chain import Chain
from loadtests.scaling.demands import Limits
from loadtests.scaling.level import Level, usable
from loadtests.scaling.usl import best_curve

_SIGNIFICANT = 0.05
_MOST_SIGNS = 12

Winner = Literal["usl", "queueing", "neither"]
Predict = Callable[[Sequence[Level], int], float]


class LeftOut(msgspec.Struct, frozen=True):
    """One level, and what each model says of it: fitted to all levels, and made without this one."""

    concurrency: int
    measured_per_second: float
    usl_fitted_per_second: float
    usl_left_out_per_second: float
    queueing_fitted_per_second: float | None
    queueing_left_out_per_second: float | None


class Comparison(msgspec.Struct, frozen=True):
    """Leave-one-out errors, as a share of what was measured, and which model has the smaller ones.

    `better` is "neither" when only one model could be made. `chance`: how often errors that are alike would
    differ as much, 1 when only one model could be made; from 0.05 on these levels do not tell the two apart.
    """

    levels: list[LeftOut]
    usl_error: Annotated[float, Meta(description="Root mean square")]
    queueing_error: float | None
    better: Winner
    chance: float
    note: str


def compare(levels: Sequence[Level], limits: Limits) -> Comparison:
    """Both models over the usable levels, of which there are at least six."""
    kept = usable(levels)
    seen = sum(any(repeat.demands for repeat in level.repeats) for level in kept)
    usl = _predictions(kept, lambda others, n: best_curve(others).per_second(n))
    queueing = None
    # Whichever level is left out, another one has to say what the chain was busy with.
    if seen > 1:
        queueing = _predictions(kept, lambda others, n: Chain.measured(others, limits).closed_per_second(n))
    rows = [_row(level, place, usl, queueing) for place, level in enumerate(kept)]
    return _judged(rows)


def _predictions(levels: Sequence[Level], predict: Predict) -> list[tuple[float, float]]:
    """Of each level: predicted with it, and without it."""
    return [
        (
            predict(levels, level.concurrency),
            predict([other for other in levels if other is not level], level.concurrency),
        )
        for level in levels
    ]


def _row(
    level: Level, place: int, usl: list[tuple[float, float]], queueing: list[tuple[float, float]] | None
) -> LeftOut:
    known = queueing[place] if queueing else (None, None)
    return LeftOut(level.concurrency, level.per_second, *usl[place], *known)


def _judged(rows: list[LeftOut]) -> Comparison:
    of_usl = [row.usl_left_out_per_second / row.measured_per_second - 1 for row in rows]
    of_queueing = [
        row.queueing_left_out_per_second / row.measured_per_second - 1
        for row in rows
        if row.queueing_left_out_per_second is not None
    ]
    usl_error = _root_mean_square(of_usl)
    if len(of_queueing) < len(rows):
        note = "usage of the chain was seen at fewer than two levels, so there is no queueing model"
        return Comparison(rows, usl_error, None, "neither", 1.0, note)
    queueing_error = _root_mean_square(of_queueing)
    chance = _chance([abs(a) - abs(b) for a, b in zip(of_usl, of_queueing, strict=True)])
    better: Winner = "usl" if usl_error < queueing_error else "queueing"
    note = _words(better, usl_error, queueing_error, chance)
    return Comparison(rows, usl_error, queueing_error, better, chance, note)


def _words(better: Winner, usl_error: float, queueing_error: float, chance: float) -> str:
    name = "the scalability law" if better == "usl" else "the queueing model"
    errors = f"{usl_error:.1%} for the scalability law, {queueing_error:.1%} for the queueing model"
    said = f"{name} predicts better (leave-one-out error {errors})"
    if chance < _SIGNIFICANT:
        return said
    return f"{said}, which may be chance: models that err alike differ as much in {chance:.0%} of cases"


def _root_mean_square(errors: Sequence[float]) -> float:
    return math.sqrt(statistics.fmean(error**2 for error in errors))


def _chance(differences: Sequence[float]) -> float:
    """How often as many differences that are as likely above 0 as below come out as far from it (two-sided).

    Every combination of signs, where there are few enough of them to try.
    """
    values = np.array(differences)
    if len(values) <= _MOST_SIGNS:
        signs = np.array(list(itertools.product((-1, 1), repeat=len(values))))
    else:
        signs = np.random.default_rng(0).choice((-1, 1), (2**_MOST_SIGNS, len(values)))
    sums = np.abs(signs @ values)
    return float((sums >= abs(values.sum()) * (1 - 1e-9)).mean())
