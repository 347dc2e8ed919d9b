"""A generator's watch on itself: its own CPU, how late its event loop is, how long its phones took."""

import time
from collections.abc import Callable
from pathlib import Path

import gevent  # type: ignore[import-untyped]

from loadtests.arrivals.schedule import Shard
from loadtests.results.histograms import Histogram
from loadtests.results.journal import Attempt
from loadtests.swarm.metering import Meter
from loadtests.swarm.worker_report import WorkerReport, write_report

_SAMPLE_SECONDS = 0.02
_SAMPLES_PER_REPORT = 250
_SAMPLES_PER_COUNT = 5
Clock = Callable[[], float]


class Gauge:
    """Gauges one process from `start` to `close`, and writes its report to `path`, if there is one.

    What attempts took is counted, and handed on to `tell`, ten times a second: in one go that costs a tenth
    of what it does one by one between other work. `meter` counts the same for Prometheus.
    """

    def __init__(
        self,
        path: Path | None,
        shard: Shard,
        phones: int,
        tell: Callable[[Attempt, int], None],
        cpu: Clock = time.process_time,
        meter: Meter | None = None,
    ) -> None:
        self._path = path
        self._shard = shard
        self._phones = phones
        self._tell = tell
        self._cpu = cpu
        self._meter = meter
        self._taken: list[tuple[Attempt, int]] = []
        self._latency, self._service_time = Histogram(), Histogram()
        self._start_lag, self._loop_lag = Histogram(), Histogram()
        self._began: tuple[float, float] | None = None
        self._spent: tuple[float, float] | None = None
        self._sampler: gevent.Greenlet[[], None] | None = None
        self.clock_ahead_seconds: float | None = None

    def start(self) -> None:
        """Phones begin to start; a first report says so, for a process that is lost before it says more."""
        self._write(ended=False)
        self._began = self._cpu(), time.perf_counter()
        self._sampler = gevent.spawn(self._sample)

    def took(self, attempt: Attempt, lsc_bytes: int) -> None:
        """An attempt has ended, with an LSC of so many bytes, 0 for none."""
        self._taken.append((attempt, lsc_bytes))

    def count(self) -> None:
        """Count and hand on what has ended by now."""
        taken, self._taken = self._taken, []
        for attempt, lsc_bytes in taken:
            self._count_one(attempt)
            if self._meter:
                self._meter.count(attempt)
            self._tell(attempt, lsc_bytes)

    def _count_one(self, attempt: Attempt) -> None:
        self._start_lag.record(attempt.started - attempt.intended_start)
        if attempt.enrolled:
            self._latency.record(attempt.done - attempt.intended_start)
            self._service_time.record(attempt.done - attempt.started)

    def arrivals_over(self) -> None:
        """No more phones start: what CPU is used from here on says nothing about starting in time."""
        self._spent = self._spent or self._spending()

    def close(self, *, ended: bool) -> None:
        """Write the last report; `ended` when every phone has."""
        if self._sampler is not None:
            self._sampler.kill()
        self._write(ended=ended)

    def _sample(self) -> None:
        while True:
            for number in range(_SAMPLES_PER_REPORT):
                due = time.perf_counter() + _SAMPLE_SECONDS
                gevent.sleep(_SAMPLE_SECONDS)
                self._lagged(time.perf_counter() - due)
                if number % _SAMPLES_PER_COUNT == 0:
                    self.count()
            self._write(ended=False)

    def _lagged(self, seconds: float) -> None:
        self._loop_lag.record(seconds)
        if self._meter:
            self._meter.tally.loop_lag.observe(seconds)

    def _spending(self) -> tuple[float, float]:
        if self._began is None:
            return 0.0, 0.0
        return self._cpu() - self._began[0], time.perf_counter() - self._began[1]

    def _write(self, *, ended: bool) -> None:
        self.count()
        if self._path is None:
            return
        cpu_seconds, wall_seconds = self._spent or self._spending()
        report = WorkerReport(
            number=self._shard.number, workers=self._shard.count, phones=self._phones, ended=ended,
            cpu_seconds=cpu_seconds, wall_seconds=wall_seconds,
            latency=self._latency.encode(), service_time=self._service_time.encode(),
            start_lag=self._start_lag.encode(), event_loop_lag=self._loop_lag.encode(),
            clock_ahead_seconds=self.clock_ahead_seconds,
        )  # fmt: skip
        write_report(self._path, report)
