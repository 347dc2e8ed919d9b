"""What the RA counts. Every name begins with `estorm_ra_`."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.process_collector import ProcessCollector

STAGES = ("login", "form", "submit", "download", "chain")
# An edge stands exactly at 10 s, the default of every timer in the chain: what timed out lies above it.
_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 7.5, 10, 15, 30, 60)


class _QueueMetrics:
    """What waits for a worker, and what the workers do."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.accept_wait_seconds = Histogram(
            "estorm_ra_accept_wait_seconds",
            "Time a connection spent in the accept queue before a worker took it; the kernel's figure, "
            "as exact as its tick (4 ms as a rule).",
            buckets=_BUCKETS, registry=registry,
        )  # fmt: skip
        self.worker_wait_seconds = Histogram(
            "estorm_ra_worker_wait_seconds", "Time an accepted enrollment waited for its worker.",
            buckets=_BUCKETS, registry=registry,
        )  # fmt: skip
        self.waiting = Gauge(
            "estorm_ra_waiting", "Accepted enrollments that wait for their worker now.",
            multiprocess_mode="livesum", registry=registry,
        )  # fmt: skip
        self.workers_busy = Gauge(
            "estorm_ra_workers_busy", "Workers that serve a connection or an enrollment now.",
            multiprocess_mode="livesum", registry=registry,
        )  # fmt: skip


class RaMetrics(_QueueMetrics):
    """The RA's metrics in a registry of their own."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        super().__init__(registry)
        ProcessCollector(registry=registry)
        self._requests = Counter(
            "estorm_ra_requests",
            "EST requests answered, by operation and HTTP status; 499: the client had gone.",
            ["operation", "status"], registry=registry,
        )  # fmt: skip
        self._request_seconds = Histogram(
            "estorm_ra_request_seconds", "Time from a whole EST request to its answer.", ["operation"],
            buckets=_BUCKETS, registry=registry,
        )  # fmt: skip
        stage_seconds = Histogram(
            "estorm_ra_stage_seconds", "Time of one call to the CA, failed or not.", ["stage"],
            buckets=_BUCKETS, registry=registry,
        )  # fmt: skip
        self._failures = Counter(
            "estorm_ra_failures",
            "Calls to the CA that failed, by stage and cause: curl_N, http_N, or what the answer lacked.",
            ["stage", "cause"], registry=registry,
        )  # fmt: skip
        self._retries = Counter(
            "estorm_ra_retries", "Calls to the CA made again, by stage.", ["stage"], registry=registry
        )
        self.in_flight = Gauge(
            "estorm_ra_in_flight", "EST requests being served now.",
            multiprocess_mode="livesum", registry=registry,
        )  # fmt: skip
        self._late = Counter(
            "estorm_ra_late_certificates",
            "Certificates whose client had gone: kept, handed_out to the same request later, or lost "
            "because too many were kept.",
            ["event"], registry=registry,
        )  # fmt: skip
        self.orphans = Counter(
            "estorm_ra_orphans", "Certificates the CA has issued and no client received.", registry=registry
        )
        self.pending_forgotten = Counter(
            "estorm_ra_pending_forgotten",
            "Requests given up while the CA had not decided, because too many waited or too long.",
            registry=registry,
        )  # fmt: skip
        self.log_lines_lost = Gauge(
            "estorm_ra_log_lines_lost", "Log lines that could not be written.",
            multiprocess_mode="livesum", registry=registry,
        )  # fmt: skip
        self._stages = {stage: stage_seconds.labels(stage) for stage in STAGES}
        self._counted: dict[tuple[str, int], Counter] = {}
        self._timed: dict[str, Histogram] = {}

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
