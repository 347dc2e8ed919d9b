"""A histogram that is counted in one process and shown by another: fixed buckets, and Prometheus's own.

The fixed ones have edges where the timers are. The native ones (schema 3: eight buckets to each doubling, so
at most 9 % wide) are shown to a scraper that asks for them.
"""

import math
from bisect import bisect_left
from collections.abc import Sequence

import msgspec

SCHEMA = 3
_PER_DOUBLING = 1 << SCHEMA
_log2 = math.log2
_ceil = math.ceil


class Bins(msgspec.Struct):
    """Counts by fixed bucket, the last without an upper edge, and by native bucket; `total` is their sum."""

    edges: tuple[float, ...]
    counts: list[int]
    total: float = 0.0
    zeros: int = 0
    native: dict[int, int] = {}

    @classmethod
    def empty(cls, edges: Sequence[float]) -> "Bins":
        """Nothing counted yet."""
        return cls(tuple(edges), [0] * (len(edges) + 1), native={})

    @property
    def count(self) -> int:
        """How many values were counted."""
        return sum(self.counts)

    def observe(self, value: float) -> None:
        """Count one value."""
        self.counts[bisect_left(self.edges, value)] += 1
        self.total += value
        if value <= 0:
            self.zeros += 1
            return
        index = _ceil(_log2(value) * _PER_DOUBLING)
        self.native[index] = self.native.get(index, 0) + 1

    def add(self, other: "Bins") -> None:
        """Add what another counted; a bucket whose edge this one lacks goes to the next edge above."""
        if other.edges == self.edges:
            self.counts = [mine + its for mine, its in zip(self.counts, other.counts, strict=True)]
        else:
            for edge, count in zip((*other.edges, math.inf), other.counts, strict=True):
                self.counts[bisect_left(self.edges, edge)] += count
        self.total += other.total
        self.zeros += other.zeros
        for index, count in other.native.items():
            self.native[index] = self.native.get(index, 0) + count
