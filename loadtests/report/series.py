"""Aggregates that charts draw: their size depends on the number of bins, never on the number of attempts."""

import math
from dataclasses import dataclass

import polars as pl

from loadtests.results.table import STAGES

MAX_BINS = 120
PERCENTILES = (50, 95, 99)
PARTS_OF_LATENCY = ("start_lag", *STAGES, "other")
"""What a latency adds up from: the generator's lag, each stage, and what no stage accounts for."""

_USUAL_BIN_SECONDS, _SHORTEST_BIN_SECONDS = 1.0, 0.1
_FEWEST_BINS = 10
_BINS_A_DECADE = 20
_SHORTEST_SECONDS, _LONGEST_SECONDS = 1e-5, 1e5
_DIGITS = 6


@dataclass(frozen=True, slots=True)
class Timeline:
    """A run cut into bins of equal width from the first intended start to the last end.

    `bins` has one row a bin: `seconds` (its middle, since the first intended start); `intended`, `enrolled`,
    `failed` (attempts per second, enrolled and failed by when they ended); `total_intended`, `total_ended`,
    `total_enrolled` (attempts up to the bin's end, which is `end_seconds`); and of the attempts *meant to
    start* in the bin that enrolled, `p50`, `p95`, `p99` of latency and the mean seconds of each part of it
    (null when there are none).
    """

    width_seconds: float
    bins: pl.DataFrame


@dataclass(frozen=True, slots=True)
class Distribution:
    """Shares of enrolled attempts by latency and by service time, in bins even on a logarithmic scale.

    `bins` has `low_seconds`, `high_seconds`, `latency` and `service_time` (both 0 to 1).
    """

    bins: pl.DataFrame


def timeline(table: pl.DataFrame) -> Timeline | None:
    """The run over time; None when nothing was attempted."""
    if table.is_empty():
        return None
    start, end = table.select(pl.min("intended_start"), pl.max("done")).row(0)
    count, width = _binning(end - start)
    bins = pl.DataFrame({"bin": range(count)}, schema={"bin": pl.Int64})
    for part in (_arrivals(table, start, count, width), _ends(table, start, count, width)):
        bins = bins.join(part, on="bin", how="left", maintain_order="left")
    counts = ("intended", "enrolled", "failed")
    bins = bins.with_columns(pl.col(counts).fill_null(0)).with_columns(
        seconds=(pl.col("bin") + 0.5) * width,
        end_seconds=(pl.col("bin") + 1) * width,
        total_intended=pl.col("intended").cum_sum(),
        total_ended=(pl.col("enrolled") + pl.col("failed")).cum_sum(),
        total_enrolled=pl.col("enrolled").cum_sum(),
    )
    bins = bins.with_columns(pl.col(counts) / width).drop("bin")
    return Timeline(width, bins.with_columns(pl.selectors.float().round_sig_figs(_DIGITS)))


def distribution(table: pl.DataFrame) -> Distribution | None:
    """How latencies spread; None when nothing enrolled."""
    enrolled = table.filter("enrolled")
    if enrolled.is_empty():
        return None
    counts = [_counts(enrolled, name) for name in ("latency", "service_time")]
    steps = pl.concat([count.select("step") for count in counts])
    first, last = steps.select(low=pl.min("step"), high=pl.max("step")).row(0)
    bins = pl.DataFrame({"step": range(first, last + 1)})
    for count in counts:
        bins = bins.join(count, on="step", how="left", maintain_order="left")
    edge = 10 ** (pl.col("step") / _BINS_A_DECADE)
    next_edge = 10 ** ((pl.col("step") + 1) / _BINS_A_DECADE)
    shares = bins.with_columns(
        pl.col("latency", "service_time").fill_null(0.0), low_seconds=edge, high_seconds=next_edge
    )
    return Distribution(shares.drop("step").with_columns(pl.all().round_sig_figs(_DIGITS)))


def _binning(span_seconds: float) -> tuple[int, float]:
    """How many bins and how wide: round widths, stretched a little so that the last bin is whole."""
    if span_seconds <= _SHORTEST_BIN_SECONDS:
        return 1, _SHORTEST_BIN_SECONDS
    shortest = max(_SHORTEST_BIN_SECONDS, min(_USUAL_BIN_SECONDS, span_seconds / _FEWEST_BINS))
    wanted = max(span_seconds / MAX_BINS, shortest)
    power = 10.0 ** math.floor(math.log10(wanted))
    width = next(step * power for step in (1, 2, 5, 10) if step * power >= wanted * (1 - 1e-9))
    count = max(1, round(span_seconds / width))
    return count, span_seconds / count


def _bin_of(name: str, start: float, count: int, width: float) -> pl.Expr:
    return ((pl.col(name) - start) / width).floor().clip(0, count - 1).cast(pl.Int64).alias("bin")


def _arrivals(table: pl.DataFrame, start: float, count: int, width: float) -> pl.DataFrame:
    enrolled = pl.col("enrolled")
    accounted = pl.sum_horizontal(*(f"{stage}_seconds" for stage in STAGES))
    parts = table.with_columns(other_seconds=(pl.col("service_time_seconds") - accounted).clip(0))
    return parts.group_by(_bin_of("intended_start", start, count, width)).agg(
        pl.len().alias("intended"),
        *(
            pl.col("latency_seconds")
            .filter(enrolled)
            .quantile(percent / 100, "equiprobable")
            .alias(f"p{percent}")
            for percent in PERCENTILES
        ),
        *(
            pl.col(f"{part}_seconds").filter(enrolled).fill_null(0).mean().alias(part)
            for part in PARTS_OF_LATENCY
        ),
    )


def _ends(table: pl.DataFrame, start: float, count: int, width: float) -> pl.DataFrame:
    return table.group_by(_bin_of("done", start, count, width)).agg(
        pl.col("enrolled").sum().cast(pl.Int64),
        pl.col("enrolled").not_().sum().cast(pl.Int64).alias("failed"),
    )


def _counts(enrolled: pl.DataFrame, name: str) -> pl.DataFrame:
    seconds = pl.col(f"{name}_seconds").clip(_SHORTEST_SECONDS, _LONGEST_SECONDS)
    step = (seconds.log10() * _BINS_A_DECADE).floor().cast(pl.Int64)
    return enrolled.group_by(step.alias("step")).agg((pl.len() / enrolled.height).alias(name))
