"""The enrollments table: one typed row for each attempt, as it is kept in `enrollments.parquet`.

Times are seconds since the epoch (`..._utc`: the same as a timestamp), durations seconds. Latency runs from
the *intended* start, so a generator or server that falls behind cannot hide it; service time from the real
one.
"""

from collections.abc import Iterable
from pathlib import Path

import msgspec
import polars as pl

from loadtests.errors import JournalError
from loadtests.results.journal import Attempt

STAGES = ("connect", "tls", "send", "wait", "read", "check")

_RECORDED = pl.Schema(
    {
        "phone": pl.String(),
        "index": pl.Int64(),
        "operation": pl.String(),
        "attempt": pl.Int32(),
        "worker": pl.Int32(),
        "intended_start": pl.Float64(),
        "started": pl.Float64(),
        "sent": pl.Float64(),
        "done": pl.Float64(),
        **{f"{stage}_seconds": pl.Float64() for stage in STAGES},
        "est_error": pl.String(),
        "est_code": pl.Int32(),
        "http_status": pl.Int32(),
        "serial": pl.String(),
        "reason": pl.String(),
    }
)


def build(attempts: Iterable[Attempt]) -> pl.DataFrame:
    """A row for each attempt in the order given; no attempts make an empty table with the same columns."""
    rows = [msgspec.structs.astuple(attempt) for attempt in attempts]
    names = [field.name for field in msgspec.structs.fields(Attempt)]
    schema = pl.Schema({name: _RECORDED[name] for name in names})
    return pl.DataFrame(rows, schema=schema, orient="row").select(
        *_RECORDED.names(),
        (pl.col("est_code") == 0).alias("enrolled"),
        (pl.col("done") - pl.col("intended_start")).alias("latency_seconds"),
        (pl.col("done") - pl.col("started")).alias("service_time_seconds"),
        (pl.col("started") - pl.col("intended_start")).alias("start_lag_seconds"),
        *(_as_timestamp(name) for name in ("intended_start", "started", "sent", "done")),
    )


def write(table: pl.DataFrame, path: Path) -> None:
    """The table as a Parquet file, replaced if there is one."""
    table.write_parquet(path, compression="zstd")


def read(path: Path) -> pl.DataFrame:
    """The table `write` left at `path`; JournalError when there is none or it is something else."""
    known = build(()).schema
    try:
        table = pl.read_parquet(path)
        if missing := sorted(set(known) - set(table.columns)):
            raise JournalError(f"{path}: not an enrollments table: no column {', '.join(missing)}")
        return table.cast(known)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise JournalError(f"{path}: not an enrollments table: {_first_line(error)}") from error


def last_attempts(table: pl.DataFrame) -> pl.DataFrame:
    """One row a phone: the attempt that ended last, which is what became of the phone."""
    return table.sort("done", "attempt").unique("phone", keep="last", maintain_order=True)


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)


def _as_timestamp(name: str) -> pl.Expr:
    microseconds = (pl.col(name) * 1e6).round().cast(pl.Int64)
    return microseconds.cast(pl.Datetime("us", "UTC")).alias(f"{name}_utc")
