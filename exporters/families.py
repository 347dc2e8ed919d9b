"""What a metric is called and means, declared once: scrape, documentation and dashboards all use it."""

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

PREFIX = "estorm_"

GaugeMode = Literal["all", "livesum", "mostrecent"]


class Kind(enum.StrEnum):
    """Prometheus's type of a metric."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class Label:
    """One label: what it tells, and what keeps the number of its values bounded."""

    name: str
    meaning: str


@dataclass(frozen=True, slots=True)
class Family:
    """One metric. `name` is the one in queries: a counter's with `_total`, a histogram's without `_bucket`.

    `moves` says when it changes.
    """

    name: str
    kind: Kind
    meaning: str
    moves: str
    labels: tuple[Label, ...] = ()

    @property
    def label_names(self) -> list[str]:
        """The labels' names, in their order."""
        return [label.name for label in self.labels]

    @property
    def series(self) -> tuple[str, ...]:
        """The names that a scrape shows."""
        if self.kind is Kind.HISTOGRAM:
            return tuple(f"{self.name}_{part}" for part in ("bucket", "sum", "count"))
        return (self.name,)

    def counter(self, registry: CollectorRegistry) -> Counter:
        """A counter of this name in `registry`."""
        return Counter(self.name, self.meaning, self.label_names, registry=registry)

    def gauge(self, registry: CollectorRegistry, mode: GaugeMode = "all") -> Gauge:
        """A gauge of this name; `mode` says what several processes' values come to."""
        return Gauge(self.name, self.meaning, self.label_names, registry=registry, multiprocess_mode=mode)

    def histogram(self, registry: CollectorRegistry, edges: Sequence[float]) -> Histogram:
        """A histogram of this name with these upper edges."""
        return Histogram(self.name, self.meaning, self.label_names, registry=registry, buckets=edges)


@dataclass(frozen=True, slots=True)
class Group:
    """The metrics of one job: what Prometheus scrapes at one address. Some jobs share a metric's name."""

    job: str
    about: str
    families: tuple[Family, ...]


def with_edges(usual: Sequence[float], wanted: Sequence[float]) -> tuple[float, ...]:
    """The usual upper edges and the wanted ones, each once: what a timer cuts off then has an edge."""
    return tuple(sorted({float(edge) for edge in (*usual, *wanted) if edge > 0}))
