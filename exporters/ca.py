"""What the mock CA counts. Every name begins with `estorm_ca_`; `docs/ca.md` lists them."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.process_collector import ProcessCollector

STAGES = ("login", "form", "submit", "download", "signing", "other")
_SERVICE_BUCKETS = (
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 60,
)  # fmt: skip
_COMMIT_BUCKETS = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 1)
_ROW_BUCKETS = (1, 2, 5, 10, 20, 50, 100, 500)


class CaMetrics:
    """The CA's metrics in a registry of their own."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        self._requests = Counter(
            "estorm_ca_requests", "HTTP requests answered.", ["stage", "status"], registry=registry
        )
        self._response = Histogram(
            "estorm_ca_response_seconds", "Time from a whole request to its answer.", ["stage"],
            buckets=_SERVICE_BUCKETS, registry=registry,
        )  # fmt: skip
        self._service = Histogram(
            "estorm_ca_service_seconds", "Time in service, waiting excluded.", ["stage"],
            buckets=_SERVICE_BUCKETS, registry=registry,
        )  # fmt: skip
        self._waiting = Histogram(
            "estorm_ca_waiting_seconds", "Time in the queue before service.", ["stage"],
            buckets=_SERVICE_BUCKETS, registry=registry,
        )  # fmt: skip
        self._in_service = Gauge(
            "estorm_ca_in_service", "Requests in service now.", ["stage"], registry=registry
        )
        self._queued = Gauge("estorm_ca_queued", "Requests waiting now.", ["stage"], registry=registry)
        self.connections = Gauge("estorm_ca_connections", "Connections open now.", registry=registry)
        self._logins = Counter(
            "estorm_ca_logins", "Credentials checked.", ["scheme", "outcome"], registry=registry
        )
        self._dispositions = Counter(
            "estorm_ca_dispositions", "Certificate requests decided.", ["disposition"], registry=registry
        )
        self._rejected = Counter(
            "estorm_ca_rejected", "Requests turned away unserved.", ["reason"], registry=registry
        )
        self._faults = Counter("estorm_ca_faults", "Faults injected.", ["stage", "fault"], registry=registry)
        self.commit_seconds = Histogram(
            "estorm_ca_commit_seconds", "Time of one database commit.", buckets=_COMMIT_BUCKETS,
            registry=registry,
        )  # fmt: skip
        self.commit_rows = Histogram(
            "estorm_ca_commit_rows", "Rows written by one commit.", buckets=_ROW_BUCKETS, registry=registry
        )
        self._counted: dict[tuple[str, int], Counter] = {}
        self._responses = {stage: self._response.labels(stage) for stage in STAGES}
        self._services = {stage: self._service.labels(stage) for stage in STAGES}
        self._waits = {stage: self._waiting.labels(stage) for stage in STAGES}
        self._levels = {
            stage: (self._queued.labels(stage), self._in_service.labels(stage)) for stage in STAGES
        }
        for disposition in ("issued", "pending", "denied"):
            self._dispositions.labels(disposition)

    def answered(self, stage: str, status: int, seconds: float) -> None:
        """One request was answered with `status` after `seconds`."""
        counter = self._counted.get((stage, status))
        if counter is None:
            counter = self._counted[stage, status] = self._requests.labels(stage, status)
        counter.inc()
        self._responses[stage].observe(seconds)

    def served(self, stage: str, waiting_seconds: float, service_seconds: float) -> None:
        """One request left its server."""
        self._waits[stage].observe(waiting_seconds)
        self._services[stage].observe(service_seconds)

    def occupancy(self, stage: str, queued: int, in_service: int) -> None:
        """How many requests of a stage wait and are served now."""
        queue, service = self._levels[stage]
        queue.set(queued)
        service.set(in_service)

    def login(self, scheme: str, *, good: bool) -> None:
        """Credentials were checked."""
        self._logins.labels(scheme, "good" if good else "bad").inc()

    def decided(self, disposition: str) -> None:
        """A certificate request got its disposition."""
        self._dispositions.labels(disposition).inc()

    def rejected(self, reason: str) -> None:
        """A request was turned away unserved."""
        self._rejected.labels(reason).inc()

    def fault(self, stage: str, kind: str) -> None:
        """A fault was injected."""
        self._faults.labels(stage, kind).inc()
