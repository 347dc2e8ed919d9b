"""A plan over time: what one of its simulations shows, in slices."""

import math

import numpy as np
import polars as pl

from loadtests.planning.document import Moment
from loadtests.simulation.forecast import Forecast
from loadtests.simulation.ledger import Outcome

_MOST_SLICES = 240


def timeline(forecast: Forecast, spacing_seconds: float, ra_workers: int) -> list[Moment]:
    """Slices of equal length, a batch or several each, or parts of one where there are few batches.

    `ra_workers` 0: any number.
    """
    tries = forecast.tries
    end = tries["ended"].max()
    assert isinstance(end, float)
    edges = np.arange(_slices(end, spacing_seconds) + 1) * _width(end, spacing_seconds)
    first = tries.group_by("phone").agg(pl.col("started").min())["started"]
    enrolled = tries.filter(pl.col("outcome") == Outcome.ENROLLED)["ended"]
    failed = tries.filter(pl.col("outcome") != Outcome.ENROLLED)["ended"]
    started_at, enrolled_at = _up_to(first, edges), _up_to(enrolled, edges)
    failed_at = _up_to(failed, edges)
    under_way, busy = _occupancy(tries, edges, ra_workers)
    return [
        Moment(
            seconds=float(edges[i + 1]), started=int(started_at[i + 1]), enrolled=int(enrolled_at[i + 1]),
            under_way=float(under_way[i]), ra_workers_busy=float(busy[i]) if ra_workers else None,
            failed_tries=int(failed_at[i + 1] - failed_at[i]),
        )
        for i in range(len(edges) - 1)
    ]  # fmt: skip


def _width(end: float, spacing_seconds: float) -> float:
    """A whole number of spacings, or a whole part of one."""
    least = end / _MOST_SLICES
    if least >= spacing_seconds:
        return math.ceil(least / spacing_seconds) * spacing_seconds
    return spacing_seconds / max(1, math.floor(spacing_seconds / least))


def _slices(end: float, spacing_seconds: float) -> int:
    return max(1, math.ceil(end / _width(end, spacing_seconds)))


def _up_to(moments: pl.Series, edges: np.ndarray) -> np.ndarray:
    """How many moments lie before or at each edge."""
    return np.searchsorted(np.sort(moments.to_numpy()), edges, side="right")


def _occupancy(tries: pl.DataFrame, edges: np.ndarray, most: int) -> tuple[np.ndarray, np.ndarray]:
    """How many tries are under way in each slice on average, and how many of these `most` workers serve."""
    times = np.concatenate([tries["started"].to_numpy(), tries["ended"].to_numpy()])
    steps = np.concatenate([np.ones(tries.height), -np.ones(tries.height)])
    order = np.argsort(times, kind="stable")
    times, present = times[order], np.cumsum(steps[order])
    return (
        _averages(times, present, edges),
        _averages(times, np.minimum(present, most) if most else present, edges),
    )


def _averages(times: np.ndarray, levels: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """The average level in each slice, of a level that changes at `times`."""
    area = np.concatenate([[0.0], np.cumsum(np.diff(times) * levels[:-1])])
    return np.asarray(np.diff(np.interp(edges, times, area, left=0.0)) / np.diff(edges))
