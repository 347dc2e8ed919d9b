"""Times counted in fine buckets, gigabytes of them in little memory, and samples made from these."""

from itertools import pairwise

# A millisecond apart up to 100 ms, then 2 % apart up to an hour.
_FINE_MS, _RATIO, _LONGEST_MS = 100, 1.02, 3_600_000


def _edges() -> tuple[float, ...]:
    edges = [float(edge) for edge in range(_FINE_MS + 1)]
    while edges[-1] < _LONGEST_MS:
        edges.append(float(int(edges[-1] * _RATIO)))
    return tuple(edges)


EDGES_MS = _edges()


class Histogram:
    """How many times fell into each bucket, and what these came to, in milliseconds."""

    __slots__ = ("count", "counts", "sum_ms", "sums_ms")

    def __init__(self) -> None:
        self.counts: dict[int, int] = {}
        self.sums_ms: dict[int, int] = {}
        self.count = self.sum_ms = 0

    def add(self, bucket: int, times: int, sum_ms: int) -> None:
        """So many times of one bucket."""
        self.counts[bucket] = self.counts.get(bucket, 0) + times
        self.sums_ms[bucket] = self.sums_ms.get(bucket, 0) + sum_ms
        self.count += times
        self.sum_ms += sum_ms

    def merge(self, other: "Histogram") -> None:
        """Add what the other has."""
        for bucket, times in other.counts.items():
            self.add(bucket, times, other.sums_ms[bucket])

    @property
    def mean_ms(self) -> float:
        """The mean of all; 0 without any."""
        return self.sum_ms / self.count if self.count else 0.0

    def quantile_ms(self, quantile: float) -> float:
        """The mean of the bucket in which the quantile lies; 0 without any."""
        wanted, seen = quantile * self.count, 0
        for bucket in sorted(self.counts):
            seen += self.counts[bucket]
            if seen >= wanted:
                return self.sums_ms[bucket] / self.counts[bucket]
        return 0.0

    def samples_ms(self, most: int) -> list[float]:
        """At most so many times that stand for all: the means of equal shares, so that the mean is kept."""
        number = min(most, self.count)
        bounds = [self.count * step / number for step in range(number + 1)] if number else []
        below = self._sums_below(bounds)
        return [(to - begin) * number / self.count for begin, to in pairwise(below)]

    def _sums_below(self, bounds: list[float]) -> list[float]:
        """What the smallest times come to, for each number of them in `bounds`, which never decrease."""
        found: list[float] = []
        seen, sum_ms = 0.0, 0.0
        buckets = iter(sorted(self.counts))
        bucket = next(buckets, None)
        for bound in bounds:
            while bucket is not None and seen + self.counts[bucket] <= bound:
                seen += self.counts[bucket]
                sum_ms += self.sums_ms[bucket]
                bucket = next(buckets, None)
            inside = 0.0
            if bucket is not None:
                inside = (bound - seen) * self.sums_ms[bucket] / self.counts[bucket]
            found.append(sum_ms + inside)
        return found
