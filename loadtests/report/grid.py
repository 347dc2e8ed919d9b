"""The bins of time that all charts of a run share: their number is bounded, whatever the run's length."""

import math
from dataclasses import dataclass
from typing import Self

import polars as pl

MAX_BINS = 120

_USUAL_SECONDS, _SHORTEST_SECONDS = 1.0, 0.1
_FEWEST = 10
_DIGITS = 6


@dataclass(frozen=True, slots=True)
class Grid:
    """`count` bins of equal width from `start`, in seconds since the epoch, to the run's end."""

    start: float
    count: int
    width_seconds: float

    @classmethod
    def over(cls, start: float, end: float) -> Self:
        """Round widths, stretched a little so that the last bin is whole."""
        span_seconds = end - start
        if span_seconds <= _SHORTEST_SECONDS:
            return cls(start, 1, _SHORTEST_SECONDS)
        shortest = max(_SHORTEST_SECONDS, min(_USUAL_SECONDS, span_seconds / _FEWEST))
        wanted = max(span_seconds / MAX_BINS, shortest)
        power = 10.0 ** math.floor(math.log10(wanted))
        width = next(step * power for step in (1, 2, 5, 10) if step * power >= wanted * (1 - 1e-9))
        count = max(1, round(span_seconds / width))
        return cls(start, count, span_seconds / count)

    @property
    def middles(self) -> list[float]:
        """The middle of each bin, seconds since the start."""
        return [_rounded((number + 0.5) * self.width_seconds) for number in range(self.count)]

    @property
    def ends(self) -> list[float]:
        """The end of each bin, seconds since the start."""
        return [_rounded((number + 1) * self.width_seconds) for number in range(self.count)]

    def no_finer_than(self, seconds: float) -> "Grid":
        """The same time in bins of at least that width, for moments that are known no better."""
        if self.width_seconds >= seconds:
            return self
        span_seconds = self.count * self.width_seconds
        count = max(1, math.floor(span_seconds / seconds))
        return Grid(self.start, count, span_seconds / count)

    def bin_of(self, moment: str) -> pl.Expr:
        """The number of the bin that a column's moment falls in, as the column `bin`; the nearest if none."""
        number = ((pl.col(moment) - self.start) / self.width_seconds).floor()
        return number.clip(0, self.count - 1).cast(pl.Int64).alias("bin")

    def laid_out(self, *grouped: pl.DataFrame) -> pl.DataFrame:
        """What was grouped by `bin`, side by side, with a row for each bin; null where there was nothing."""
        rows = pl.DataFrame({"bin": range(self.count)}, schema={"bin": pl.Int64})
        for part in grouped:
            rows = rows.join(part, on="bin", how="left", maintain_order="left")
        return rows

    def counts(self, events: pl.DataFrame, moment: str) -> list[int]:
        """How many events fell in each bin."""
        grouped = events.group_by(self.bin_of(moment)).agg(pl.len().alias("events"))
        found: list[int] = self.laid_out(grouped)["events"].fill_null(0).to_list()
        return found


def grid_of(table: pl.DataFrame) -> Grid:
    """The bins of a run with attempts, from the first intended start to the last end."""
    start, end = table.select(pl.min("intended_start"), pl.max("done")).row(0)
    return Grid.over(start, end)


def _rounded(value: float) -> float:
    return float(f"{value:.{_DIGITS}g}")
