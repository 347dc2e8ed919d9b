"""Histograms of seconds that take a fixed space and add up across processes (HdrHistogram).

Values count in microseconds with three significant digits, up to an hour: a percentile read from one is at
most 0.1 % (and half a microsecond) above the measured value it stands for, however many were recorded.
"""

import math
from collections.abc import Iterable

import msgspec
from hdrh.histogram import HdrHistogram

_MICROSECONDS = 1_000_000
_LONGEST_SECONDS = 3600
_SIGNIFICANT_DIGITS = 3
RESOLUTION = 10.0**-_SIGNIFICANT_DIGITS


class Spread(msgspec.Struct, frozen=True):
    """A distribution as a histogram tells it, in seconds."""

    count: int
    p50: float
    p95: float
    p99: float
    p999: float
    max: float


class Histogram:
    """Durations in seconds. Negative ones count as 0, longer ones than an hour as an hour."""

    def __init__(self) -> None:
        self._counts = HdrHistogram(1, _LONGEST_SECONDS * _MICROSECONDS, _SIGNIFICANT_DIGITS)

    def record(self, seconds: float) -> None:
        """Count one duration."""
        microseconds = round(seconds * _MICROSECONDS)
        self._counts.record_value(min(max(microseconds, 0), _LONGEST_SECONDS * _MICROSECONDS))

    def add(self, encoded: str) -> None:
        """Add what another histogram counted; ValueError when `encoded` is none."""
        try:
            self._counts.decode_and_add(encoded.encode("ascii"))
        except Exception as error:  # the library raises whatever its parts do
            raise ValueError(f"not a histogram: {error}") from error

    def encode(self) -> str:
        """The histogram as text, in HdrHistogram's own compressed form (V2), which other tools read."""
        return str(self._counts.encode().decode("ascii"))

    def percentile(self, percent: float) -> float:
        """The seconds that `percent` of the durations did not exceed (nearest rank); 0: none counted."""
        if not self.count:
            return 0.0
        # The library rounds to the nearest rank where the rest of the summary rounds up.
        rank = max(1, math.ceil(percent * self.count / 100))
        return float(self._counts.get_value_at_percentile(100 * rank / self.count)) / _MICROSECONDS

    @property
    def count(self) -> int:
        """How many durations were counted."""
        return int(self._counts.get_total_count())

    def spread(self) -> Spread | None:
        """The distribution; None when nothing was counted."""
        if not self.count:
            return None
        p50, p95, p99, p999, longest = map(self.percentile, (50, 95, 99, 99.9, 100))
        return Spread(self.count, p50, p95, p99, p999, longest)


def merged(encoded: Iterable[str]) -> Histogram:
    """One histogram of all; ValueError when one of them is none."""
    whole = Histogram()
    for each in encoded:
        whole.add(each)
    return whole
