"""What one probe of an EST server saw, and the metrics it becomes."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from exporters.est import families
from exporters.families import Family


@dataclass(frozen=True, slots=True)
class Enrolled:
    """An enrollment that was made: when, and when its certificate ends; seconds since the epoch."""

    at: float
    expires: float


@dataclass(frozen=True, slots=True)
class Observation:
    """One probe. `phases` are seconds by phase, of those that were completed.

    `server_expires` and `ca_expires` are when the first of the server's certificates, and of those that
    cacerts gave, ends. `est_error` is libEST's name, EST_ERR_NONE for a success.
    """

    success: bool
    est_error: str
    duration_seconds: float = 0.0
    phases: Mapping[str, float] = field(default_factory=dict)
    http_status: int = 0
    tls_version: str = ""
    server_expires: float | None = None
    ca_expires: float | None = None
    ca_certificates: int = 0
    enrolled: Enrolled | None = None


class ObservationMetrics(Collector):
    """An observation as gauges."""

    def __init__(self, observation: Observation) -> None:
        self._observation = observation

    def collect(self) -> Iterator[Metric]:
        """Everything that was seen; what was not has no sample."""
        seen = self._observation
        yield _gauge(families.SUCCESS, float(seen.success))
        yield _gauge(families.DURATION, seen.duration_seconds)
        yield _gauge(families.HTTP_STATUS, seen.http_status)
        phases = ((phase, seen.phases.get(phase, 0.0)) for phase in families.PHASES)
        yield _labelled(families.PHASE_SECONDS, phases)
        yield _labelled(families.EST_ERROR, [(seen.est_error, 1.0)])
        if seen.tls_version:
            yield _labelled(families.TLS_VERSION, [(seen.tls_version, 1.0)])
        yield from self._certificates()

    def _certificates(self) -> Iterator[Metric]:
        seen = self._observation
        moments = (
            (families.SERVER_EXPIRY, seen.server_expires),
            (families.CA_EXPIRY, seen.ca_expires),
            (families.ENROLLED_AT, seen.enrolled.at if seen.enrolled else None),
            (families.ENROLLED_EXPIRY, seen.enrolled.expires if seen.enrolled else None),
        )
        for family, moment in moments:
            if moment is not None:
                yield _gauge(family, moment)
        yield _gauge(families.CA_CERTIFICATES, seen.ca_certificates)


def _gauge(family: Family, value: float) -> Metric:
    return GaugeMetricFamily(family.name, family.meaning, value)


def _labelled(family: Family, values: Iterable[tuple[str, float]]) -> Metric:
    metric = GaugeMetricFamily(family.name, family.meaning, labels=family.label_names)
    for label, value in values:
        metric.add_metric([label], value)
    return metric
