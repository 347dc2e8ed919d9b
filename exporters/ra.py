"""What the RA counts. Every name begins with `estorm_ra_`; `docs/metrics.md` lists them."""

import contextlib
import time
from collections.abc import Iterator, Mapping, Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.process_collector import ProcessCollector

from exporters.families import Family, Group, Kind, Label, with_edges

STAGES = ("login", "form", "submit", "download", "chain")
_USUAL_EDGES = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 7.5, 10, 15, 30, 60)
SHARE_EDGES = (0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1)

OPERATION = Label("operation", "last part of the EST URL: simpleenroll, simplereenroll, cacerts, ...")
STATUS = Label("status", "HTTP status")
STAGE = Label("stage", "login, form, submit, download; chain: the CA's certificates, at start")
CAUSE = Label("cause", "`curl_N`: curl's exit code, `http_N`: the CA's status, or what its answer lacked")

ACCEPT_WAIT = Family(
    "estorm_ra_accept_wait_seconds", Kind.HISTOGRAM,
    "Time a connection spent in the accept queue before a worker took it; the kernel's figure, as exact as "
    "its tick (4 ms as a rule).",
    "as a worker accepts (Linux)",
)  # fmt: skip
WORKER_WAIT = Family(
    "estorm_ra_worker_wait_seconds", Kind.HISTOGRAM, "Time an accepted enrollment waited for its worker.",
    "as a blocking worker of the profile rfc takes one up",
)  # fmt: skip
WAITING = Family(
    "estorm_ra_waiting", Kind.GAUGE, "Accepted enrollments that wait for their worker now.",
    "as enrollments wait (blocking workers, rfc)",
)  # fmt: skip
WORKERS_BUSY = Family(
    "estorm_ra_workers_busy", Kind.GAUGE, "Workers that serve a connection or an enrollment now.",
    "as blocking workers take up work and end it",
)  # fmt: skip
WORKER_BUSY = Family(
    "estorm_ra_worker_busy_seconds_total", Kind.COUNTER,
    "Time workers served a connection or an enrollment, all workers added up.",
    "as blocking workers take up work and end it",
)  # fmt: skip
POOL_TAKEN = Family(
    "estorm_ra_pool_taken", Kind.GAUGE, "Connections of the pool to the CA that enrollments have now.",
    "as enrollments take them and give them back (`ra.connections.reuse_connections`)",
)  # fmt: skip
POOL_BUSY = Family(
    "estorm_ra_pool_busy_seconds_total", Kind.COUNTER,
    "Time enrollments had connections of the pool to the CA, all connections added up.",
    "as enrollments take them and give them back",
)  # fmt: skip
POOL_WAIT = Family(
    "estorm_ra_pool_wait_seconds", Kind.HISTOGRAM,
    "Time an enrollment waited for a connection of the pool to the CA, whether it got one or not.",
    "as enrollments take them",
)  # fmt: skip
CONNECTIONS = Family(
    "estorm_ra_connections", Kind.GAUGE, "Connections that are open, their handshakes included.",
    "as clients come and go, up to `ra.workers.connections` for each process",
)  # fmt: skip
REQUESTS = Family(
    "estorm_ra_requests_total", Kind.COUNTER, "EST requests answered; 499: the client had gone.",
    "as the RA answers", (OPERATION, STATUS),
)  # fmt: skip
REQUEST_SECONDS = Family(
    "estorm_ra_request_seconds", Kind.HISTOGRAM, "Time from a whole EST request to its answer.",
    "as the RA answers", (OPERATION,),
)  # fmt: skip
STAGE_SECONDS = Family(
    "estorm_ra_stage_seconds", Kind.HISTOGRAM,
    "Time of one call to the CA, failed or not, on the RA's side of the wire.", "as a call ends", (STAGE,),
)  # fmt: skip
TIMER_SECONDS = Family(
    "estorm_ra_timer_seconds", Kind.GAUGE, "How long the RA waits for one call.",
    "when the RA is told to read its settings again",
    (Label("timer", "connect, login, form, submit or download"),),
)  # fmt: skip
TIMER_USED = Family(
    "estorm_ra_timer_used_ratio", Kind.HISTOGRAM,
    "Share of its timer that a call to the CA used up; 1 and more is a timeout.", "as a call ends", (STAGE,),
)  # fmt: skip
FAILURES = Family(
    "estorm_ra_failures_total", Kind.COUNTER, "Calls to the CA that failed; curl_28 is a timeout.",
    "as a call fails", (STAGE, CAUSE),
)  # fmt: skip
RETRIES = Family(
    "estorm_ra_retries_total", Kind.COUNTER, "Calls to the CA made again.",
    "as a call is made again (`ra.retries`)", (STAGE,),
)  # fmt: skip
IN_FLIGHT = Family(
    "estorm_ra_in_flight", Kind.GAUGE, "EST requests being served now.", "as requests begin and end"
)  # fmt: skip
LATE = Family(
    "estorm_ra_late_certificates_total", Kind.COUNTER,
    "Certificates whose client had gone: kept, handed_out to the same request later, or lost because too "
    "many were kept.",
    "as a certificate comes too late for its client", (Label("event", "kept, handed_out or lost"),),
)  # fmt: skip
ORPHANS = Family(
    "estorm_ra_orphans_total", Kind.COUNTER, "Certificates the CA has issued and no client received.",
    "as the RA loses a certificate it had from the CA",
)  # fmt: skip
FORGOTTEN = Family(
    "estorm_ra_pending_forgotten_total", Kind.COUNTER,
    "Requests given up while the CA had not decided, because too many waited or too long.",
    "as the RA gives one up",
)  # fmt: skip
LINES_LOST = Family(
    "estorm_ra_log_lines_lost", Kind.GAUGE, "Log lines that could not be written.", "as the disk fails"
)  # fmt: skip
EXPIRY = Family(
    "estorm_ra_certificate_expiry_timestamp_seconds", Kind.GAUGE,
    "When the RA's server certificate, and the first of the CA's certificates to do so, expires.",
    "when the RA is told to read its settings again", (Label("certificate", "server or ca"),),
)  # fmt: skip
ACCEPT_QUEUE = Family(
    "estorm_ra_accept_queue", Kind.GAUGE, "Connections that wait to be accepted.",
    "as clients connect faster than workers accept (Linux)",
)  # fmt: skip
ACCEPT_QUEUE_SIZE = Family(
    "estorm_ra_accept_queue_size", Kind.GAUGE, "Connections the accept queue holds.", "never (Linux)"
)  # fmt: skip

GROUP = Group(
    "estorm-ra",
    "The RA. `estorm lab` and `estorm storm` start it and print its address. The counts of a worker process "
    "that died stay in the sums.",
    (
        REQUESTS, REQUEST_SECONDS, STAGE_SECONDS, TIMER_SECONDS, TIMER_USED, FAILURES, RETRIES, IN_FLIGHT,
        CONNECTIONS, WORKERS_BUSY, WORKER_BUSY, WAITING, WORKER_WAIT, ACCEPT_QUEUE, ACCEPT_QUEUE_SIZE,
        ACCEPT_WAIT, POOL_TAKEN, POOL_BUSY, POOL_WAIT, ORPHANS, LATE, FORGOTTEN, LINES_LOST, EXPIRY,
    ),
)  # fmt: skip


class _Held:
    """How many of something are held now, and for how long they were until the last change, all added up."""

    def __init__(self, held: Gauge, seconds: Counter) -> None:
        self._gauge, self._seconds = held, seconds
        self._held, self._since = 0, time.monotonic()

    def changes(self, by: int) -> None:
        now = time.monotonic()
        self._seconds.inc(self._held * (now - self._since))
        self._since = now
        self._held += by
        self._gauge.inc(by)


class _QueueMetrics:
    """What waits for a worker or for a connection to the CA, and for how long these are held."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.accept_wait_seconds = ACCEPT_WAIT.histogram(registry, _USUAL_EDGES)
        self.worker_wait_seconds = WORKER_WAIT.histogram(registry, _USUAL_EDGES)
        self.waiting = WAITING.gauge(registry, "livesum")
        self._workers = _Held(WORKERS_BUSY.gauge(registry, "livesum"), WORKER_BUSY.counter(registry))
        self._pool = _Held(POOL_TAKEN.gauge(registry, "livesum"), POOL_BUSY.counter(registry))
        self._pool_wait_seconds = POOL_WAIT.histogram(registry, _USUAL_EDGES)
        self.connections = CONNECTIONS.gauge(registry, "livesum")

    @contextlib.contextmanager
    def busy_worker(self) -> Iterator[None]:
        """A worker is busy while the context lasts."""
        self.worker_begins()
        try:
            yield
        finally:
            self.worker_ends()

    def worker_begins(self) -> None:
        """One more worker is busy."""
        self._workers.changes(1)

    def worker_ends(self) -> None:
        """One worker fewer is busy."""
        self._workers.changes(-1)

    def waited_for_pool(self, seconds: float) -> None:
        """An enrollment waited so long for a connection of the pool, whether it has one now or not."""
        self._pool_wait_seconds.observe(seconds)

    def taken_from_pool(self) -> None:
        """One more connection of the pool is taken."""
        self._pool.changes(1)

    def back_in_pool(self) -> None:
        """One connection fewer of the pool is taken."""
        self._pool.changes(-1)


class RaMetrics(_QueueMetrics):
    """The RA's metrics in a registry of their own. `timers` are its timers, in seconds by name.

    Each of them is an edge of the histograms: what timed out lies above it.
    """

    def __init__(self, timers: Mapping[str, float] | None = None) -> None:
        self.registry = registry = CollectorRegistry()
        super().__init__(registry)
        ProcessCollector(registry=registry)
        self._timers = dict(timers or {})
        self._requests = REQUESTS.counter(registry)
        edges = with_edges(_USUAL_EDGES, tuple(self._timers.values()))
        self._request_seconds = REQUEST_SECONDS.histogram(registry, edges)
        self._failures = FAILURES.counter(registry)
        # There from the start, so that the first timeout is seen as a step.
        for stage in STAGES:
            self._failures.labels(stage, "curl_28")
        self._retries = RETRIES.counter(registry)
        self.in_flight = IN_FLIGHT.gauge(registry, "livesum")
        self._late = LATE.counter(registry)
        for event in ("kept", "handed_out", "lost"):
            self._late.labels(event)
        self.orphans = ORPHANS.counter(registry)
        self.pending_forgotten = FORGOTTEN.counter(registry)
        self.log_lines_lost = LINES_LOST.gauge(registry, "livesum")
        self._expiry = EXPIRY.gauge(registry, "mostrecent")
        self._counted: dict[tuple[str, int], Counter] = {}
        self._timed: dict[str, Histogram] = {}
        self._time_calls(registry, edges)

    def _time_calls(self, registry: CollectorRegistry, edges: Sequence[float]) -> None:
        seconds, used = STAGE_SECONDS.histogram(registry, edges), TIMER_USED.histogram(registry, SHARE_EDGES)
        self._stages = {stage: seconds.labels(stage) for stage in STAGES}
        self._used = {stage: used.labels(stage) for stage in STAGES if stage in self._timers}
        timer_seconds = TIMER_SECONDS.gauge(registry, "mostrecent")
        for timer, limit in self._timers.items():
            timer_seconds.labels(timer).set(limit)

    def certificates_expire(self, server: float, ca: float) -> None:
        """The RA's own certificate and the CA's expire at these moments, in seconds since the epoch."""
        self._expiry.labels("server").set(server)
        self._expiry.labels("ca").set(ca)

    def answered(self, operation: str, status: int, seconds: float) -> None:
        """One EST request ended with `status` after `seconds`."""
        counter = self._counted.get((operation, status))
        if counter is None:
            counter = self._counted[operation, status] = self._requests.labels(operation, status)
            self._timed[operation] = self._request_seconds.labels(operation)
        counter.inc()
        self._timed[operation].observe(seconds)

    def called(self, stage: str, seconds: float, cause: str | None, attempt: int = 1) -> None:
        """One call to the CA ended after `seconds`; `cause` says why it failed, None when it did not.

        `attempt` is more than 1 when the call was made again.
        """
        self._stages[stage].observe(seconds)
        if used := self._used.get(stage):
            used.observe(seconds / self._timers[stage])
        if attempt > 1:
            self._retries.labels(stage).inc()
        if cause is not None:
            self._failures.labels(stage, cause).inc()

    def late_certificates(self, event: str, lost: int) -> None:
        """A certificate was `kept` or `handed_out` (neither: it was never late), and others were lost."""
        if event:
            self._late.labels(event).inc()
        if lost:
            self._late.labels("lost").inc(lost)
            self.orphans.inc(lost)
