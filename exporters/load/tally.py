"""What one process of the load generator has counted since it began, and what several come to together."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import msgspec

from exporters.families import Family, with_edges
from exporters.load import families as named
from exporters.load.bins import Bins

# 10 s is the default of every timer in the chain.
_LATENCY_EDGES = (
    0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 7.5, 10, 15, 20, 30, 45, 60, 120,
)  # fmt: skip
_STAGE_EDGES = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 7.5, 10, 15, 30)
_LAG_EDGES = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 5)
SHARE_EDGES = (0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1)
TIMED_OUT = (
    ("connect", "connect"), ("handshake", "tls"), ("read", "send"), ("read", "wait"), ("read", "read"),
)  # fmt: skip

# How attempts fail when timers fire, and parts are down or refuse: the error and how far they came.
USUAL_FAILURES = (
    ("EST_ERR_IP_CONNECT", "connect"), ("EST_ERR_SSL_CONNECT", "tls"), ("EST_ERR_SSL_READ", "wait"),
    ("EST_ERR_AUTH_FAIL", "answer"), ("EST_ERR_UNKNOWN", "answer"),
)  # fmt: skip

Key = tuple[str, ...]
"""A metric's name and the values of its labels, in their order."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an attempt failed: its EST error, how far it came, the timer that ended it if one did."""

    est_error: str
    stage: str
    timer: str | None = None


@dataclass(frozen=True, slots=True)
class Ended:
    """One attempt that has ended. `stages` are seconds of each of TIMED_STAGES, None: not completed.

    `lag_seconds` is from its intended start to its real one, `late` whether that is too long.
    """

    operation: str
    latency_seconds: float
    service_seconds: float
    stages: tuple[float | None, ...]
    sent: bool
    failure: Failure | None = None
    lag_seconds: float = 0.0
    late: bool = False


class Snapshot(msgspec.Struct, frozen=True):
    """What one process has counted: it only grows, so the newest one of each process tells all.

    `phones` are by state and of the present run; `ended`: its phones are done.
    """

    worker: int
    ended: bool
    at: float
    counts: dict[Key, float]
    bins: dict[Key, Bins]
    phones: dict[str, int]
    timers: dict[str, float]

    def encode(self) -> bytes:
        """For another process."""
        return msgspec.msgpack.encode(self)


def decode(data: bytes) -> Snapshot:
    """What `encode` gave; msgspec.DecodeError when it is something else."""
    return msgspec.msgpack.decode(data, type=Snapshot)


class Tally:
    """Counts in one process, for as long as that lives. `timers` are seconds by name."""

    def __init__(self, timers: Mapping[str, float], operation: str) -> None:
        self.timers = dict(timers)
        edges = tuple(timers.values())
        self._latency_edges = with_edges(_LATENCY_EDGES, edges)
        self._stage_edges = with_edges(_STAGE_EDGES, edges)
        self._counts: dict[Key, float] = {}
        self._bins: dict[Key, Bins] = {}
        self._begin(operation)
        self.loop_lag = self._histogram((named.LOOP_LAG.name,), _LAG_EDGES)
        self._start_lag = self._histogram((named.START_LAG.name,), _LAG_EDGES)
        self._stages = [
            self._histogram((named.STAGE_TIME.name, stage), self._stage_edges) for stage in named.TIMED_STAGES
        ]
        self._used = [
            (number, timers[timer], self._histogram((named.TIMER_USED.name, timer), SHARE_EDGES))
            for number, timer in ((0, "connect"), (1, "handshake"), (3, "read"))
        ]

    def _begin(self, operation: str) -> None:
        """Series that exist from the start, so that their first step is seen as one."""
        for family in (
            named.INTENDED, named.STARTED, named.LATE, named.SUCCEEDED, named.RETRIES, named.UNANSWERED,
        ):  # fmt: skip
            self._count(family, operation, by=0)
        for timer, stage in TIMED_OUT:
            self._count(named.TIMEOUTS, timer, stage, by=0)
        for error, stage in USUAL_FAILURES:
            self._count(named.FAILED, operation, error, stage, by=0)

    def intended(self, operation: str, attempts: int = 1) -> None:
        """The intended start of so many attempts has come."""
        self._count(named.INTENDED, operation, by=attempts)

    def started(self, operation: str, *, retry: bool) -> None:
        """An attempt has started."""
        self._count(named.STARTED, operation)
        self._count(named.RETRIES, operation, by=retry)

    def ended(self, end: Ended) -> None:
        """An attempt has ended."""
        self._start_lag.observe(max(0.0, end.lag_seconds))
        self._count(named.LATE, end.operation, by=end.late)
        outcome = "failed" if end.failure else "enrolled"
        for family, seconds in ((named.LATENCY, end.latency_seconds), (named.SERVICE, end.service_seconds)):
            key = (family.name, end.operation, outcome)
            bins = self._bins.get(key) or self._histogram(key, self._latency_edges)
            bins.observe(seconds)
        for seconds_or_none, bins in zip(end.stages, self._stages, strict=True):
            if seconds_or_none is not None:
                bins.observe(seconds_or_none)
        for number, limit, bins in self._used:
            seconds_or_none = end.stages[number]
            if seconds_or_none is not None:
                bins.observe(seconds_or_none / limit)
        if end.failure:
            self._failed(end, end.failure)
        else:
            self._count(named.SUCCEEDED, end.operation)

    def _failed(self, end: Ended, failure: Failure) -> None:
        self._count(named.FAILED, end.operation, failure.est_error, failure.stage)
        self._count(named.UNANSWERED, end.operation, by=end.sent)
        if failure.timer:
            self._count(named.TIMEOUTS, failure.timer, failure.stage)
            self._bins[named.TIMER_USED.name, failure.timer].observe(1.0)

    def snapshot(
        self, worker: int, at: float, cpu_seconds: float, phones: Mapping[str, int], *, ended: bool
    ) -> Snapshot:
        """Everything so far, at this moment in seconds since the epoch."""
        counts = self._counts | {(named.CPU.name, str(worker)): cpu_seconds}
        return Snapshot(worker, ended, at, counts, self._bins, dict(phones), self.timers)

    def _histogram(self, key: Key, edges: tuple[float, ...]) -> Bins:
        bins = self._bins[key] = Bins.empty(edges)
        return bins

    def _count(self, family: Family, *labels: str, by: float = 1) -> None:
        key = (family.name, *labels)
        self._counts[key] = self._counts.get(key, 0) + by


@dataclass(frozen=True, slots=True)
class Sum:
    """What several processes counted, added up."""

    counts: dict[Key, float]
    bins: dict[Key, Bins]

    def total(self, family: Family) -> float:
        """A counter over all its labels."""
        return sum(value for key, value in self.counts.items() if key[0] == family.name)


def add_up(snapshots: Iterable[Snapshot]) -> Sum:
    """The sum of all processes, one snapshot of each."""
    counts: dict[Key, float] = {}
    bins: dict[Key, Bins] = {}
    for snapshot in snapshots:
        for key, value in snapshot.counts.items():
            counts[key] = counts.get(key, 0) + value
        for key, its in snapshot.bins.items():
            bins.setdefault(key, Bins.empty(its.edges)).add(its)
    return Sum(counts, bins)
