"""The load generator's metrics as a scrape shows them, made from what its processes have counted."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from prometheus_client import Metric
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
)
from prometheus_client.registry import Collector
from prometheus_client.samples import BucketSpan, NativeHistogram
from prometheus_client.utils import floatToGoString

from exporters.families import Family, Kind
from exporters.load import families as named
from exporters.load.bins import SCHEMA, Bins
from exporters.load.tally import Snapshot, Sum, add_up

T = TypeVar("T")
_ZERO_THRESHOLD = 2.0**-128
_PHONES_THAT_GO_WITH_THEIR_PROCESS = ("waiting", "under_way", "between_tries")


@dataclass(frozen=True, slots=True)
class Reporting:
    """The newest snapshot of one process, and whether that process was lost."""

    snapshot: Snapshot
    lost: bool = False


@dataclass(frozen=True, slots=True)
class RunFacts:
    """Which run this is."""

    id: str
    seed: int
    scenario: str
    target: str


class LoadCollector(Collector):
    """Shows what `reports` gives at each scrape: one report a process, those of lost ones too."""

    def __init__(
        self,
        reports: Callable[[], Sequence[Reporting]],
        run: Callable[[], RunFacts],
    ) -> None:
        self._reports = reports
        self._run = run

    def describe(self) -> Iterator[Metric]:
        """Names alone: what is shown comes with the first report."""
        for family in named.GROUP.families:
            yield Metric(
                family.name.removesuffix("_total").removesuffix("_info"), family.meaning, str(family.kind)
            )

    def collect(self) -> Iterator[Metric]:
        """Every metric, with fixed buckets alone."""
        return self._collect(native=False)

    def collect_native(self) -> Iterator[Metric]:
        """Every metric; histograms with their native buckets too."""
        return self._collect(native=True)

    def _collect(self, *, native: bool) -> Iterator[Metric]:
        reports = self._reports()
        snapshots = [report.snapshot for report in reports]
        whole = add_up(snapshots)
        for family in named.GROUP.families:
            if family.kind is Kind.COUNTER:
                yield _counter(family, whole)
            elif family.kind is Kind.HISTOGRAM:
                yield _histogram(family, whole, native=native)
        yield _gauge(named.TIMER_SECONDS, snapshots[-1].timers if snapshots else {})
        yield _gauge(named.PHONES, _phones(reports))
        yield _gauge(named.WORKERS, _workers(reports))
        yield _run_info(self._run())


def _counter(family: Family, whole: Sum) -> Metric:
    shown = CounterMetricFamily(family.name, family.meaning, labels=family.label_names)
    for key, value in _of(family, whole.counts):
        shown.add_metric(key, value)
    return shown


def _histogram(family: Family, whole: Sum, *, native: bool) -> Metric:
    shown = HistogramMetricFamily(family.name, family.meaning, labels=family.label_names)
    for key, bins in _of(family, whole.bins):
        shown.add_metric(key, _cumulative(bins), bins.total)
        if native:
            labels = dict(zip(family.label_names, key, strict=True))
            shown.add_sample(family.name, labels, 0, native_histogram=_native(bins))
    return shown


def _of(family: Family, counted: Mapping[tuple[str, ...], T]) -> Iterable[tuple[tuple[str, ...], T]]:
    return ((key[1:], value) for key, value in counted.items() if key[0] == family.name)


def _cumulative(bins: Bins) -> list[tuple[str, float]]:
    found, below = [], 0
    for edge, count in zip((*bins.edges, float("inf")), bins.counts, strict=True):
        below += count
        name = floatToGoString(edge)  # type: ignore[no-untyped-call]
        found.append((name, float(below)))
    return found


def _native(bins: Bins) -> NativeHistogram:
    spans: list[BucketSpan] = []
    deltas: list[int] = []
    follows, before = 0, 0
    for index in sorted(bins.native):
        if spans and index == follows:
            spans[-1] = BucketSpan(spans[-1].offset, spans[-1].length + 1)
        else:
            spans.append(BucketSpan(index - follows, 1))
        deltas.append(bins.native[index] - before)
        follows, before = index + 1, bins.native[index]
    return NativeHistogram(
        bins.count, bins.total, SCHEMA, _ZERO_THRESHOLD, bins.zeros, pos_spans=spans, pos_deltas=deltas
    )


def _gauge(family: Family, values: Mapping[str, float]) -> Metric:
    shown = GaugeMetricFamily(family.name, family.meaning, labels=family.label_names)
    for label, value in values.items():
        shown.add_metric([label], value)
    return shown


def _phones(reports: Sequence[Reporting]) -> dict[str, int]:
    phones = dict.fromkeys(named.PHONE_STATES, 0)
    for report in reports:
        for state, count in report.snapshot.phones.items():
            gone = report.lost and state in _PHONES_THAT_GO_WITH_THEIR_PROCESS
            phones["lost" if gone else state] += count
    return phones


def _workers(reports: Sequence[Reporting]) -> dict[str, int]:
    states = {"running": 0, "ended": 0, "lost": 0}
    for report in reports:
        states["lost" if report.lost else "ended" if report.snapshot.ended else "running"] += 1
    return states


def _run_info(run: RunFacts) -> Metric:
    facts = {"id": run.id, "seed": str(run.seed), "scenario": run.scenario, "target": run.target}
    return InfoMetricFamily(named.RUN.name.removesuffix("_info"), named.RUN.meaning, facts)
