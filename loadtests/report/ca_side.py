"""What the chain's own logs tell of the CA: each answer it gave, and each call of the RA's that failed.

The CA writes when it answered to the second and how long it took to the millisecond; the RA which call curl
gave up, and why. A line that cannot be read is left out.
"""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import polars as pl

from exporters.logs import families
from exporters.logs.errors import LogsError
from exporters.logs.est_errors import EstErrorNames
from exporters.logs.iis_row import DEFAULT_FIELDS, TAKEN, columns_of, stage_of
from exporters.logs.ledger import Ledger, Series
from exporters.logs.lines import LineBlocks
from exporters.logs.moments import LocalTime
from exporters.logs.nginx import NginxReader
from exporters.logs.sources import chunks
from exporters.logs.unreadable import Unreadable

ANSWERS = pl.Schema({"at": pl.Float64(), "stage": pl.String(), "seconds": pl.Float64()})
"""An answer of the CA: seconds since the epoch, stage of the enrollment, how long it took."""
FAILED_CALLS = pl.Schema({"at": pl.Float64(), "stage": pl.String(), "cause": pl.String()})
"""A call that failed: seconds since the epoch, stage, `curl_N`."""

_WHOLE_SECOND = 0.5
_OF_FAILED_CALLS = (b" failed with return code ", b": URL used: ")


def read_answers(logs: Path) -> pl.DataFrame:
    """Every answer in the folder's IIS logs, as ANSWERS; a second's stand in its middle."""
    frames = [_answers(block) for path in sorted(logs.glob("u_ex*.log")) for block in _blocks(path)]
    return pl.concat([ANSWERS.to_frame(), *frames])


def read_failed_calls(log: Path) -> pl.DataFrame:
    """Every call that curl gave up by the RA's log, as FAILED_CALLS."""
    noted = _Noted()
    reader = NginxReader("nginx", noted, Unreadable(noted), LocalTime(None), EstErrorNames(()))
    for block in _blocks(log):
        if lines := b"".join(_lines_with(block, _OF_FAILED_CALLS)):
            reader.read(lines, 0.0)
    reader.finish(reader.last_at or 0.0)
    return pl.DataFrame(noted.failed_calls, schema=FAILED_CALLS, orient="row")


class _Noted(Ledger):
    """Keeps the failed calls of everything that a reader counts."""

    def __init__(self) -> None:
        self.failed_calls: list[tuple[float, str, str]] = []

    def _add(self, series: Series, at: float, slot: int, amount: float) -> None:  # noqa: ARG002
        if series.metered is families.RA_FAILURES:
            stage, cause = series.labels
            self.failed_calls.append((at + _WHOLE_SECOND, stage, cause))


def _blocks(path: Path) -> Iterator[bytes]:
    """Whole lines; a log that is not there, or not to its end, tells what it can."""
    blocks = LineBlocks()
    with contextlib.suppress(LogsError):
        for chunk in chunks(path):
            yield blocks.feed(chunk)
    yield blocks.finish()


def _answers(block: bytes) -> pl.DataFrame:
    columns = columns_of(DEFAULT_FIELDS)
    assert columns is not None and columns.taken is not None  # noqa: PT018
    names = {place: f"c{place}" for place in range(columns.width)}
    # Polars counts the columns in the first line: one of blanks, which is no row, has them all.
    frame = pl.read_csv(
        b" " * (columns.width - 1) + b"\n" + block, separator=" ", has_header=False,
        schema=dict.fromkeys(names.values(), pl.String), encoding="utf8-lossy", quote_char=None,
        comment_prefix="#", truncate_ragged_lines=True,
    )  # fmt: skip
    stamp = pl.concat_str(names[columns.date], names[columns.time], separator=" ")
    taken = pl.col(names[columns.taken]).str.strip_chars_end("\r")
    return (
        frame.with_columns(
            at=stamp.str.to_datetime("%Y-%m-%d %H:%M:%S", time_unit="ms", strict=False, time_zone="UTC"),
            taken=pl.when(taken.str.contains(TAKEN)).then(taken).cast(pl.Int64, strict=False),
        )
        .drop_nulls(["at", "taken", names[columns.stem]])
        .select(
            (pl.col("at").dt.epoch("ms") / 1000 + _WHOLE_SECOND).alias("at"),
            _stages(frame[names[columns.stem]], names[columns.stem]),
            (pl.col("taken") / 1000).alias("seconds"),
        )
        .filter(pl.col("stage") != "other")
    )


def _stages(stems: pl.Series, name: str) -> pl.Expr:
    known = {stem: stage_of(stem.encode()) for stem in stems.unique().drop_nulls()}
    return pl.col(name).replace_strict(known, default="other", return_dtype=pl.String).alias("stage")


def _lines_with(block: bytes, needles: tuple[bytes, ...]) -> Iterator[bytes]:
    """The block's lines that have one of the needles in them, in their order."""
    begins = {block.rfind(b"\n", 0, at) + 1 for needle in needles for at in _places(block, needle)}
    for begin in sorted(begins):
        yield block[begin : block.index(b"\n", begin) + 1]


def _places(block: bytes, needle: bytes) -> Iterator[int]:
    at = block.find(needle)
    while at >= 0:
        yield at
        at = block.find(needle, at + 1)
