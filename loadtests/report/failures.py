"""Why attempts failed: the reasons that occur most, each with an example to look for in the logs."""

from datetime import datetime

import msgspec
import polars as pl

MOST_REASONS = 15
_LONGEST_REASON_CHARACTERS = 300


class Failure(msgspec.Struct, frozen=True):
    """Attempts that failed alike. `first_phone` is the one that failed so first, `first_done` when (UTC)."""

    est_error: str
    reason: str
    count: int
    phones: int
    first_phone: str
    first_done: datetime


class Failures(msgspec.Struct, frozen=True):
    """The most frequent kinds of failure; `more_kinds` with `more_attempts` are not listed."""

    top: list[Failure]
    more_kinds: int
    more_attempts: int


def failures(table: pl.DataFrame) -> Failures:
    """The failed attempts by EST error and reason, most frequent first, at most MOST_REASONS kinds."""
    first = pl.col("done").arg_min()
    kinds = (
        table.filter(~pl.col("enrolled"))
        .with_columns(pl.col("reason").str.slice(0, _LONGEST_REASON_CHARACTERS))
        .group_by("est_error", "reason")
        .agg(
            pl.len().alias("count"),
            pl.col("phone").n_unique().alias("phones"),
            pl.col("phone").get(first).alias("first_phone"),
            pl.col("done_utc").get(first).alias("first_done"),
        )
        .sort(["count", "est_error", "reason"], descending=[True, False, False])
    )
    top, rest = kinds.head(MOST_REASONS), kinds.tail(max(0, kinds.height - MOST_REASONS))
    return Failures([Failure(*row) for row in top.iter_rows()], rest.height, int(rest["count"].sum()))
