"""A large block of an IIS log through Polars, which cuts out the columns that count and groups their rows.

A block of 8 MiB leaves some hundred groups, which are judged as single rows are.
"""

from collections.abc import Sequence
from functools import lru_cache

import polars as pl

from exporters.logs.iis_row import NO_TIME, TAKEN, Columns, Judge, Table, row_with

_BAD_TIME, _MISSING_TIME = -2, -3
_BEYOND_ASCII = bytes(range(128)) + b"?" * 128


def read_frame(section: bytes, columns: Columns, judge: Judge) -> Table:
    """What the rows come to, the same as row by row."""
    # Polars refuses what is not UTF-8; nothing that counts is beyond ASCII.
    text = section if section.isascii() else section.translate(_BEYOND_ASCII)
    table = Table()
    for *fields, bucket, rows, taken_ms in _grouped(text, columns, judge.edges_ms).iter_rows():
        picked = [value.encode("ascii") if value else None for value in fields]
        if not any(picked) and (bucket == _MISSING_TIME or columns.taken is None):
            continue
        readable = bucket not in (_BAD_TIME, _MISSING_TIME)
        group = judge.group(row_with([*picked, b"-"], columns), bucket) if readable else "fields"
        table.add(group, rows, taken_ms)
    return table


def _grouped(text: bytes, columns: Columns, edges_ms: Sequence[float]) -> pl.DataFrame:
    """The wanted fields but the response time, its bucket, how many rows, how many milliseconds in all."""
    names = [f"c{place}" for place in columns.wanted]
    # Polars counts the columns in the first line: one of blanks, which is no row, has them all.
    text = b" " * (columns.width - 1) + b"\n" + text
    frame = pl.read_csv(
        text, separator=" ", has_header=False, schema=_schema(columns.width), columns=sorted(columns.wanted),
        quote_char=None, comment_prefix="#", truncate_ragged_lines=True, raise_if_empty=False,
    ).select(names)  # fmt: skip
    # Before anything else: a fifth of the rows is left then.
    frame = frame.group_by(names).len("rows").with_columns(pl.col(names).str.strip_chars_end("\r"))
    if columns.taken is None:
        timed = frame.with_columns(bucket=pl.lit(NO_TIME), ms=pl.lit(0))
    else:
        timed = _timed(frame, pl.col(names.pop()), edges_ms)
    return timed.group_by(*names, "bucket").agg(pl.col("rows").sum(), (pl.col("ms") * pl.col("rows")).sum())


def _timed(frame: pl.DataFrame, taken: pl.Expr, edges_ms: Sequence[float]) -> pl.DataFrame:
    good = taken.str.contains(TAKEN)
    milliseconds = pl.when(good).then(taken).otherwise(pl.lit("0")).cast(pl.Int64)
    frame = frame.with_columns(ms=milliseconds)
    found = _edges(tuple(edges_ms)).search_sorted(frame["ms"].cast(pl.Float64), side="left").cast(pl.Int64)
    bucket = (
        pl.when(taken.is_null() | (taken == ""))
        .then(_MISSING_TIME)
        .when(taken == "-")
        .then(NO_TIME)
        .when(good)
        .then(found)
        .otherwise(_BAD_TIME)
    )
    return frame.with_columns(bucket=bucket)


@lru_cache(maxsize=4)
def _schema(width: int) -> dict[str, type[pl.String]]:
    return {f"c{place}": pl.String for place in range(width)}


@lru_cache(maxsize=2)
def _edges(edges_ms: tuple[float, ...]) -> pl.Series:
    return pl.Series(edges_ms, dtype=pl.Float64)
