"""Whether the load was the one asked for: arrivals kept or not, and the generator's own part in it."""

from collections.abc import Iterable, Sequence
from typing import Annotated, Literal

import msgspec
import polars as pl
from msgspec import Meta

from loadtests.arrivals.schedule import LATE_SECONDS, Shard
from loadtests.results.histograms import Histogram, Spread, merged
from loadtests.results.measures import Count, percentiles
from loadtests.swarm.worker_report import WorkerReport

BUSY_SHARE = 0.80
LAGGING_SECONDS = 0.010

Rate = Annotated[float, Meta(ge=0)]
Share = Annotated[float, Meta(ge=0)]


class Schedule(msgspec.Struct, frozen=True):
    """What a run intended: shape None is a closed workload."""

    shape: str | None = None
    intended_rate: float | None = None
    workers: int = 1


class ArrivalCounts(msgspec.Struct, frozen=True):
    """How phones were meant to start and how they did."""

    workload: Annotated[
        Literal["open", "closed"],
        Meta(description="closed: each phone waited for one before it, so a stall of the server is hidden"),
    ]
    shape: Annotated[str | None, Meta(description="Of the arrivals; null: closed workload")]
    intended_rate: Annotated[
        Rate | None, Meta(description="Per second, from the first intended start to the last; null: at once")
    ]
    started_rate: Annotated[
        Rate | None,
        Meta(description="Per second, from the first real start to the last; null: fewer than two"),
    ]
    late: Annotated[Count, Meta(description="Attempts that started over 5 ms after their intended start")]
    dropped: Annotated[Count, Meta(description="Phones that never started, or whose generator was lost")]
    start_lag_p99_seconds: Annotated[float | None, Meta(description="Of all attempts")]


class WorkerHealth(msgspec.Struct, frozen=True):
    """One process of the generator."""

    number: Count
    phones: Annotated[Count, Meta(description="Phones that were its own")]
    lost: Annotated[Count, Meta(description="Of those, without a record because the process was lost")]
    cpu_share: Annotated[Share | None, Meta(description="Of one core, while phones were starting")]
    clock_ahead_seconds: Annotated[
        float | None, Meta(description="Its clock against the master's, taken off its times if it matters")
    ]


class Health(msgspec.Struct, frozen=True):
    """The load generator's own cost. `reasons` say why the run is generator-bound."""

    reasons: list[str]
    event_loop_lag_p99_seconds: float | None
    workers: list[WorkerHealth]

    @property
    def lost(self) -> list[WorkerHealth]:
        """The processes that were lost with phones."""
        return [worker for worker in self.workers if worker.lost]


class HistogramSpreads(msgspec.Struct, frozen=True):
    """Distributions from the workers' merged histograms, at most 0.1 % above the exact ones."""

    latency_from_intended_start: Spread | None
    service_time: Spread | None
    start_lag: Spread | None


def count_arrivals(table: pl.DataFrame, schedule: Schedule, dropped: int) -> ArrivalCounts:
    """The arrivals in numbers; rates are those of first attempts, retries come on top of a schedule."""
    first = table.sort("attempt").unique("phone", keep="first")
    lag = percentiles(table["start_lag_seconds"])
    return ArrivalCounts(
        workload="closed" if schedule.shape is None else "open",
        shape=schedule.shape,
        intended_rate=schedule.intended_rate,
        started_rate=_rate(first["started"]),
        late=int((table["start_lag_seconds"] > LATE_SECONDS).sum()),
        dropped=dropped,
        start_lag_p99_seconds=lag.p99 if lag else None,
    )


def examine(
    table: pl.DataFrame,
    reports: Sequence[WorkerReport],
    schedule: Schedule,
    phones_intended: int,
    *,
    stopped: bool = False,
) -> Health:
    """The generator's health from its processes' reports.

    A process without one is lost; in a run that was `stopped` before its time it had yet to begin.
    """
    known = {report.number: report for report in reports}
    workers = [
        _worker(
            table,
            known.get(number),
            Shard(number, schedule.workers),
            phones_intended,
            may_not_have_begun=stopped,
        )
        for number in range(schedule.workers)
    ]
    loop_lag = merged(report.event_loop_lag for report in reports)
    return Health(
        reasons=list(_reasons(table, workers, loop_lag)),
        event_loop_lag_p99_seconds=loop_lag.percentile(99) if loop_lag.count else None,
        workers=workers,
    )


def merge_spreads(reports: Sequence[WorkerReport]) -> HistogramSpreads:
    """The distributions of all processes together."""

    def spread(encoded: Iterable[str]) -> Spread | None:
        return merged(encoded).spread()

    return HistogramSpreads(
        latency_from_intended_start=spread(report.latency for report in reports),
        service_time=spread(report.service_time for report in reports),
        start_lag=spread(report.start_lag for report in reports),
    )


def _worker(
    table: pl.DataFrame, report: WorkerReport | None, shard: Shard, phones: int, *, may_not_have_begun: bool
) -> WorkerHealth:
    own = report.phones if report else shard.size(phones)
    recorded = table.filter(pl.col("worker") == shard.number)["phone"].n_unique()
    in_order = report.ended if report else may_not_have_begun
    lost = 0 if in_order else max(0, own - recorded)
    return WorkerHealth(
        number=shard.number,
        phones=own,
        lost=lost,
        cpu_share=report.cpu_share if report else None,
        clock_ahead_seconds=report.clock_ahead_seconds if report else None,
    )


def _reasons(table: pl.DataFrame, workers: Sequence[WorkerHealth], loop_lag: Histogram) -> Iterable[str]:
    share = max((worker.cpu_share or 0.0 for worker in workers), default=0.0)
    if share > BUSY_SHARE:
        yield f"the generator used {share:.0%} of a core, over {BUSY_SHARE:.0%}"
    lag = percentiles(table["start_lag_seconds"])
    if lag and lag.p99 > LATE_SECONDS:
        yield f"p99 of start lag is {lag.p99 * 1000:.1f} ms, over {LATE_SECONDS * 1000:g} ms"
    if loop_lag.count and loop_lag.percentile(99) > LAGGING_SECONDS:
        found = loop_lag.percentile(99) * 1000
        yield f"p99 of event-loop lag is {found:.1f} ms, over {LAGGING_SECONDS * 1000:g} ms"


def _rate(moments: pl.Series) -> float | None:
    if moments.len() < 2:
        return None
    first, last = moments.min(), moments.max()
    assert isinstance(first, float)
    assert isinstance(last, float)
    return (moments.len() - 1) / (last - first) if last > first else None
