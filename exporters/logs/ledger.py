"""Where events read from logs are added up: each has a metric, its labels, and the moment it happened."""

import bisect
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

from exporters.families import Family, Kind


@dataclass(frozen=True, slots=True)
class Metered:
    """A metric that is read from logs; a histogram has upper edges."""

    family: Family
    edges: tuple[float, ...] = ()

    @property
    def sum_slot(self) -> int:
        """Which of a histogram's numbers is the sum; those before it are the buckets', each its own."""
        return len(self.edges) + 1

    @property
    def bounds(self) -> list[str]:
        """The upper edges as Prometheus writes them, `+Inf` the last."""
        return [*map(number_of, self.edges), "+Inf"]


@dataclass(frozen=True, slots=True)
class Series:
    """One metric with the values of its labels."""

    metered: Metered
    labels: tuple[str, ...]


class Ledger(ABC):
    """Adds up events in any order; `at` is seconds since the epoch. May be used by several threads."""

    def count(self, metered: Metered, labels: tuple[str, ...], at: float, amount: float = 1.0) -> None:
        """Something happened `amount` times."""
        self._add(Series(metered, labels), at, 0, amount)

    def observe(self, metered: Metered, labels: tuple[str, ...], at: float, value: float) -> None:
        """A histogram's value."""
        bucket = bisect.bisect_left(metered.edges, value)
        self.observe_many(metered, labels, at, {bucket: 1}, value)

    def observe_many(
        self, metered: Metered, labels: tuple[str, ...], at: float, buckets: Mapping[int, int], total: float
    ) -> None:
        """Values that come to `total`, so many in each bucket; buckets count from 0, the last has no edge."""
        series = Series(metered, labels)
        for bucket, number in buckets.items():
            self._add(series, at, bucket, number)
        self._add(series, at, metered.sum_slot, total)

    @abstractmethod
    def _add(self, series: Series, at: float, slot: int, amount: float) -> None: ...


class Totals(Ledger, Collector):
    """What has been added since the start, for a scrape. Gauges are set here too."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._values: dict[Series, list[float]] = {}

    def begin(self, metered: Metered, *labels: str) -> None:
        """Show a series from the start, at 0."""
        with self._lock:
            self._slots(Series(metered, labels))

    def set(self, metered: Metered, labels: tuple[str, ...], value: float) -> None:
        """A gauge's value."""
        with self._lock:
            self._slots(Series(metered, labels))[0] = value

    def collect(self) -> Iterator[Metric]:
        """Every metric that has a series."""
        with self._lock:
            values = {series: list(slots) for series, slots in self._values.items()}
        by_metric: dict[Metered, list[tuple[Series, list[float]]]] = {}
        for series, slots in values.items():
            by_metric.setdefault(series.metered, []).append((series, slots))
        for metered, rows in by_metric.items():
            yield _metric(metered, rows)

    def _add(self, series: Series, at: float, slot: int, amount: float) -> None:  # noqa: ARG002 - totals have no time
        with self._lock:
            self._slots(series)[slot] += amount

    def _slots(self, series: Series) -> list[float]:
        found = self._values.get(series)
        if found is None:
            found = self._values[series] = [0.0] * (series.metered.sum_slot + 1)
        return found


def cumulated(metered: Metered, slots: list[float]) -> list[tuple[str, float]]:
    """A histogram's buckets as Prometheus counts them: each holds those below it."""
    total, result = 0.0, []
    for bound, number in zip(metered.bounds, slots, strict=False):
        total += number
        result.append((bound, total))
    return result


def _metric(metered: Metered, rows: list[tuple[Series, list[float]]]) -> Metric:
    family = metered.family
    if family.kind is Kind.HISTOGRAM:
        histogram = HistogramMetricFamily(family.name, family.meaning, labels=family.label_names)
        for series, slots in rows:
            histogram.add_metric(series.labels, cumulated(metered, slots), slots[metered.sum_slot])
        return histogram
    shape = CounterMetricFamily if family.kind is Kind.COUNTER else GaugeMetricFamily
    metric = shape(family.name, family.meaning, labels=family.label_names)
    for series, slots in rows:
        metric.add_metric(series.labels, slots[0])
    return metric


def number_of(value: float) -> str:
    """A number as Prometheus writes it."""
    return str(floatToGoString(value))  # type: ignore[no-untyped-call]
