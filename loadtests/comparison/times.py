"""Latency and throughput of two sides: how they differ, and how much of that chance explains.

All differences are of logarithms, so that they are shares of what was before.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from loadtests.comparison import moments
from loadtests.comparison.blocks import Blocks, Chance, chances, mean_logarithm
from loadtests.comparison.moments import NONE, Moments
from loadtests.comparison.observed import Array, Observed

Side = Sequence[Observed]
COUNTED_SHARE = 0.95
_FEWEST = 20


@dataclass(frozen=True, slots=True)
class Difference:
    """Two sides in one metric: the runs' own values in its unit, and what chance within the runs does.

    `chance` is of the difference of the sides' mean logarithms; None where it is not known. `read_to` is the
    share of a value that it is read to.
    """

    of_baseline: tuple[float, ...]
    of_other: tuple[float, ...]
    chance: Chance | None
    read_to: float = 0.0


def latencies(
    baseline: Side, other: Side, quantiles: Sequence[float], source: np.random.Generator
) -> list[Difference | None]:
    """For each quantile the latency below which that share of the attempts lies that enrolled.

    None when a run has too few.
    """
    if any(len(run.latencies) < _FEWEST for run in (*baseline, *other)):
        return [None] * len(quantiles)

    def resampled(run: Observed, blocks: Blocks, part: slice) -> Array:
        return _quantiles(run, quantiles, blocks.weights(_positions(run), part))

    placed = [*_placed(baseline), *_placed(other)]
    # Where a run's usual queue is not known, its tail is not.
    one_queue = moments.are_one_queue(_placed(baseline), _placed(other))
    worth = [NONE if one_queue else moments.of_quantile(placed, quantile) for quantile in quantiles]
    found = _chances(baseline, other, resampled, worth, source)
    return [
        Difference(_own(baseline, quantile), _own(other, quantile), chance)
        for quantile, chance in zip(quantiles, found, strict=True)
    ]


def are_one_queue(baseline: Side, other: Side) -> bool:
    """Whether both sides are too much of one queue to tell what is usual; False when too few enrolled."""
    if any(len(run.latencies) < _FEWEST for run in (*baseline, *other)):
        return False
    return moments.are_one_queue(_placed(baseline), _placed(other))


def throughput(baseline: Side, other: Side, source: np.random.Generator) -> Difference | None:
    """Phones per second until 95 % of those that enrolled had: a straggler's retry does not count.

    None when a run has too few.
    """
    if any(_counted(run) < _FEWEST for run in (*baseline, *other)):
        return None

    def resampled(run: Observed, blocks: Blocks, part: slice) -> Array:
        return np.asarray(blocks.weights(_progress(run), part).sum(axis=1)[None])

    def own(side: Side) -> tuple[float, ...]:
        return tuple(_counted(run) / float(run.ends[_counted(run) - 1]) for run in side)

    bins = moments.bins_for(min(_counted(run) for run in (*baseline, *other)))
    worth = [Moments(moments.apart([_pace(other, bins) - _pace(baseline, bins)]), bins=bins)]
    return Difference(own(baseline), own(other), _chances(baseline, other, resampled, worth, source)[0])


def _chances(
    baseline: Side, other: Side, resampled: Callable[[Observed, Blocks, slice], Array],
    worth: Sequence[Moments], source: np.random.Generator,
) -> list[Chance]:  # fmt: skip
    def differences(blocks: Blocks, part: slice) -> Array:
        before, after = (
            mean_logarithm([resampled(run, blocks, part) for run in side]) for side in (baseline, other)
        )
        return after - before

    return chances(differences, worth, source)


def _quantiles(run: Observed, quantiles: Sequence[float], weights: Array) -> Array:
    """A row for each quantile, in it one for each row of weights."""
    order = np.argsort(run.latencies, kind="stable")
    sums = np.cumsum(weights[:, order], axis=1)
    last = len(order) - 1
    at = [np.minimum((sums < quantile * sums[:, -1:]).sum(axis=1), last) for quantile in quantiles]
    return np.asarray(run.latencies[order][np.stack(at)])


def _own(side: Side, quantile: float) -> tuple[float, ...]:
    return tuple(float(np.quantile(run.latencies, quantile, method="inverted_cdf")) for run in side)


def _placed(side: Side) -> list[tuple[Array, Array]]:
    return [(_positions(run), run.latencies) for run in side]


def _positions(run: Observed) -> Array:
    span = run.span_seconds
    return np.asarray(np.clip(run.starts / span, 0.0, 1.0) if span else np.zeros(len(run.starts)))


def _progress(run: Observed) -> Array:
    """When each counted phone was done, as shares of the time until the last of them was."""
    ends = run.ends[: _counted(run)]
    return np.asarray(ends / ends[-1])


def _pace(side: Side, bins: int) -> Array:
    """How many phones were done in each bin, as shares of all."""
    return np.asarray(np.mean([moments.binned(_progress(run), bins) / _counted(run) for run in side], axis=0))


def _counted(run: Observed) -> int:
    return math.ceil(COUNTED_SHARE * len(run.ends))
