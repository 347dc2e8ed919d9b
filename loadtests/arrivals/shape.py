"""What a shape of arrivals is."""

from collections.abc import Iterator
from typing import Protocol


class Arrivals(Protocol):
    """The shape of an open workload. Asked twice, it gives the same times twice."""

    def offsets_seconds(self, phones: int) -> Iterator[float]:
        """When each of `phones` phones starts, in seconds from the run's start, never decreasing."""
        ...


def last_offset_seconds(shape: Arrivals, phones: int) -> float:
    """When the last of `phones` phones starts; 0 when there is none."""
    last = 0.0
    for last in shape.offsets_seconds(phones):  # noqa: B007
        pass
    return last


def intended_rate_per_second(shape: Arrivals, phones: int) -> float | None:
    """Phones per second between the first start and the last; None when all start at once."""
    first = next(shape.offsets_seconds(phones), 0.0)
    span_seconds = last_offset_seconds(shape, phones) - first
    return (phones - 1) / span_seconds if span_seconds > 0 else None
