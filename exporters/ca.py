"""What the mock CA counts. Every name begins with `estorm_ca_`; `docs/metrics.md` lists them."""

from collections.abc import Callable, Iterator, Mapping

from prometheus_client import CollectorRegistry, Counter, Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from exporters.families import Family, Group, Kind, Label

STAGES = ("login", "form", "submit", "download", "signing", "other")
# An edge stands exactly at 10 s, the default of every timer of those who wait for the CA.
SERVICE_EDGES = (
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 60,
)  # fmt: skip
_COMMIT_BUCKETS = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 1)
_ROW_BUCKETS = (1, 2, 5, 10, 20, 50, 100, 500)

STAGE = Label("stage", "login, form, submit, download, other; of the CA alone: signing")
STATUS = Label("status", "HTTP status")
DISPOSITION = Label("disposition", "issued, pending, denied; of database rows also approved and revoked")

REQUESTS = Family(
    "estorm_ca_requests_total", Kind.COUNTER, "HTTP requests answered by the CA.",
    "as the CA answers", (STAGE, STATUS),
)  # fmt: skip
RESPONSE = Family(
    "estorm_ca_response_seconds", Kind.HISTOGRAM,
    "Time from a whole request to its answer, on the CA's side of the wire.", "as the CA answers", (STAGE,),
)  # fmt: skip
SERVICE = Family(
    "estorm_ca_service_seconds", Kind.HISTOGRAM, "Time in service, waiting excluded.",
    "as a request is served, where the CA's capacity is bounded", (STAGE,),
)  # fmt: skip
WAITING = Family(
    "estorm_ca_waiting_seconds", Kind.HISTOGRAM, "Time in the queue before service.",
    "as a request is served, where the CA's capacity is bounded", (STAGE,),
)  # fmt: skip
IN_SERVICE = Family(
    "estorm_ca_in_service", Kind.GAUGE, "Requests in service now: the CA's busy workers.",
    "as service begins and ends", (STAGE,),
)  # fmt: skip
QUEUED = Family(
    "estorm_ca_queued", Kind.GAUGE, "Requests waiting now.", "as requests wait for a worker", (STAGE,)
)  # fmt: skip
CONNECTIONS = Family(
    "estorm_ca_connections", Kind.GAUGE, "Connections open now.", "as clients connect and leave"
)  # fmt: skip
LOGINS = Family(
    "estorm_ca_logins_total", Kind.COUNTER, "Credentials checked.", "as clients log in",
    (Label("scheme", "negotiate, ntlm or basic"), Label("outcome", "good or bad")),
)  # fmt: skip
DISPOSITIONS = Family(
    "estorm_ca_dispositions_total", Kind.COUNTER, "Certificate requests decided.",
    "as the CA issues, denies, or leaves a request pending", (DISPOSITION,),
)  # fmt: skip
REJECTED = Family(
    "estorm_ca_rejected_total", Kind.COUNTER, "Requests turned away unserved.",
    "as a limit of the CA's capacity is met", (Label("reason", "which limit"),),
)  # fmt: skip
FAULTS = Family(
    "estorm_ca_faults_total", Kind.COUNTER, "Faults injected by the CA's chaos mode.", "as one strikes",
    (STAGE, Label("fault", "kind of the CA's chaos mode, docs/ca.md")),
)  # fmt: skip
COMMIT = Family(
    "estorm_ca_commit_seconds", Kind.HISTOGRAM, "Time of one database commit.", "as the CA commits"
)  # fmt: skip
COMMIT_ROWS = Family(
    "estorm_ca_commit_rows", Kind.HISTOGRAM, "Rows written by one commit.", "as the CA commits"
)  # fmt: skip
ROWS = Family(
    "estorm_ca_database_rows", Kind.GAUGE, "Requests in the CA's database by what became of them.",
    "as the CA writes; read from the file at each scrape", (DISPOSITION,),
)  # fmt: skip
UNFETCHED = Family(
    "estorm_ca_certificates_unfetched", Kind.GAUGE,
    "Certificates issued since the CA's start that nobody has come for: those of requests under way, and "
    "orphans of callers that had given up before the CA's answer.",
    "as certificates are issued and downloaded",
)  # fmt: skip

GROUP = Group(
    "estorm-ca",
    "The mock CA. `estorm lab` and `estorm storm` start it and print its address.",
    (
        REQUESTS, RESPONSE, WAITING, SERVICE, QUEUED, IN_SERVICE, CONNECTIONS, LOGINS, DISPOSITIONS, REJECTED,
        FAULTS, COMMIT, COMMIT_ROWS, ROWS, UNFETCHED,
    ),
)  # fmt: skip


class CaMetrics:
    """The CA's metrics in a registry of their own."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        self._requests = REQUESTS.counter(registry)
        response = RESPONSE.histogram(registry, SERVICE_EDGES)
        service = SERVICE.histogram(registry, SERVICE_EDGES)
        waiting = WAITING.histogram(registry, SERVICE_EDGES)
        in_service, queued = IN_SERVICE.gauge(registry), QUEUED.gauge(registry)
        self.connections = CONNECTIONS.gauge(registry)
        self._logins = LOGINS.counter(registry)
        self._dispositions = DISPOSITIONS.counter(registry)
        self._rejected = REJECTED.counter(registry)
        self._faults = FAULTS.counter(registry)
        self.commit_seconds = COMMIT.histogram(registry, _COMMIT_BUCKETS)
        self.commit_rows = COMMIT_ROWS.histogram(registry, _ROW_BUCKETS)
        self._counted: dict[tuple[str, int], Counter] = {}
        self._responses = {stage: response.labels(stage) for stage in STAGES}
        self._services = {stage: service.labels(stage) for stage in STAGES}
        self._waits = {stage: waiting.labels(stage) for stage in STAGES}
        self._levels = {stage: (queued.labels(stage), in_service.labels(stage)) for stage in STAGES}
        for disposition in ("issued", "pending", "denied"):
            self._dispositions.labels(disposition)
        self._unfetched: set[int] = set()
        UNFETCHED.gauge(registry).set_function(lambda: len(self._unfetched))

    def show_rows(self, count: Callable[[], Mapping[str, int]]) -> None:
        """Show the database's rows as `count` gives them by disposition; it is called at each scrape."""
        self.registry.register(_Rows(count))

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

    def issued(self, request_id: int) -> None:
        """The certificate of this request is there to be downloaded."""
        self._unfetched.add(request_id)

    def fetched(self, request_id: int) -> None:
        """Somebody has come for the certificate of this request."""
        self._unfetched.discard(request_id)

    def rejected(self, reason: str) -> None:
        """A request was turned away unserved."""
        self._rejected.labels(reason).inc()

    def fault(self, stage: str, kind: str) -> None:
        """A fault was injected."""
        self._faults.labels(stage, kind).inc()


class _Rows(Collector):
    def __init__(self, count: Callable[[], Mapping[str, int]]) -> None:
        self._count = count

    def describe(self) -> Iterator[Metric]:
        yield GaugeMetricFamily(ROWS.name, ROWS.meaning, labels=ROWS.label_names)

    def collect(self) -> Iterator[Metric]:
        shown = GaugeMetricFamily(ROWS.name, ROWS.meaning, labels=ROWS.label_names)
        for disposition, rows in self._count().items():
            shown.add_metric([disposition], rows)
        yield shown
