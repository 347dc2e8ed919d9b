"""Aggregates that charts draw: their size depends on the number of bins, never on the number of attempts."""

from dataclasses import dataclass

import polars as pl

from loadtests.report.grid import Grid, grid_of
from loadtests.results.table import STAGES

PERCENTILES = (50, 95, 99)
PARTS_OF_LATENCY = ("start_lag", *STAGES, "other")
"""What a latency adds up from: the generator's lag, each stage, and what no stage accounts for."""

_BINS_A_DECADE = 20
_SHORTEST_SECONDS, _LONGEST_SECONDS = 1e-5, 1e5
_DIGITS = 6


@dataclass(frozen=True, slots=True)
class Timeline:
    """A run cut into bins of equal width from the first intended start to the last end.

    `bins` has one row a bin: `seconds` (its middle, since the first intended start); `intended`, `started`,
    `retries` (those that were not a phone's first), `enrolled`, `failed` (attempts per second, enrolled
    and failed by when they ended); `total_intended`, `total_ended`,
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
    grid = grid_of(table)
    counts = ("intended", "started", "retries", "enrolled", "failed")
    bins = grid.laid_out(_arrivals(table, grid), _starts(table, grid), _ends(table, grid))
    bins = bins.with_columns(pl.col(counts).fill_null(0)).with_columns(
        seconds=pl.Series(grid.middles),
        end_seconds=pl.Series(grid.ends),
        total_intended=pl.col("intended").cum_sum(),
        total_ended=(pl.col("enrolled") + pl.col("failed")).cum_sum(),
        total_enrolled=pl.col("enrolled").cum_sum(),
    )
    bins = bins.with_columns(pl.col(counts) / grid.width_seconds).drop("bin")
    return Timeline(grid.width_seconds, bins.with_columns(pl.selectors.float().round_sig_figs(_DIGITS)))


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


def _arrivals(table: pl.DataFrame, grid: Grid) -> pl.DataFrame:
    enrolled = pl.col("enrolled")
    accounted = pl.sum_horizontal(*(f"{stage}_seconds" for stage in STAGES))
    parts = table.with_columns(other_seconds=(pl.col("service_time_seconds") - accounted).clip(0))
    return parts.group_by(grid.bin_of("intended_start")).agg(
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


def _starts(table: pl.DataFrame, grid: Grid) -> pl.DataFrame:
    return table.group_by(grid.bin_of("started")).agg(
        pl.len().alias("started"), (pl.col("attempt") > 1).sum().cast(pl.Int64).alias("retries")
    )


def _ends(table: pl.DataFrame, grid: Grid) -> pl.DataFrame:
    return table.group_by(grid.bin_of("done")).agg(
        pl.col("enrolled").sum().cast(pl.Int64),
        pl.col("enrolled").not_().sum().cast(pl.Int64).alias("failed"),
    )


def _counts(enrolled: pl.DataFrame, name: str) -> pl.DataFrame:
    seconds = pl.col(f"{name}_seconds").clip(_SHORTEST_SECONDS, _LONGEST_SECONDS)
    step = (seconds.log10() * _BINS_A_DECADE).floor().cast(pl.Int64)
    return enrolled.group_by(step.alias("step")).agg((pl.len() / enrolled.height).alias(name))
