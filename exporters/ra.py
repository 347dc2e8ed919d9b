"""What the RA counts. Every name begins with `estorm_ra_`."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.process_collector import ProcessCollector

STAGES = ("login", "form", "submit", "download", "chain")
# An edge stands exactly at 10 s, the default of every timer in the chain: what timed out lies above it.
_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 7.5, 10, 15, 30, 60)


class RaMetrics:
    """The RA's metrics in a registry of their own."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
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
        self.in_flight = Gauge("estorm_ra_in_flight", "EST requests being served now.", registry=registry)
        self.orphans = Counter(
            "estorm_ra_orphans", "Certificates the CA has issued and no client received.", registry=registry
        )
        self.log_lines_lost = Gauge(
            "estorm_ra_log_lines_lost", "Log lines that could not be written.", registry=registry
        )
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

    def called(self, stage: str, seconds: float, cause: str | None) -> None:
        """One call to the CA ended after `seconds`; `cause` says why it failed, None when it did not."""
        self._stages[stage].observe(seconds)
        if cause is not None:
            self._failures.labels(stage, cause).inc()
