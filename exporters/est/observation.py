"""What one probe of an EST server saw, and the metrics it becomes.

Names are the blackbox exporter's where it has them, so that its dashboards and alerts apply; EST's own begin
with `probe_est_`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

PHASES = ("resolve", "connect", "tls", "processing", "transfer")


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
        yield GaugeMetricFamily("probe_success", "Whether the probe succeeded.", float(seen.success))
        yield GaugeMetricFamily("probe_duration_seconds", "Time of the whole probe.", seen.duration_seconds)
        yield GaugeMetricFamily(
            "probe_http_status_code", "HTTP status of the answer, 0 without one.", float(seen.http_status)
        )
        yield self._phases()
        yield _labelled(
            "probe_est_error", "libEST's error, EST_ERR_NONE for none.", "est_error", seen.est_error
        )
        if seen.tls_version:
            yield _labelled("probe_tls_version_info", "TLS version.", "version", seen.tls_version)
        yield from self._certificates()

    def _phases(self) -> Metric:
        phases = GaugeMetricFamily(
            "probe_http_duration_seconds", "Time of each phase of the EST request.", labels=["phase"]
        )
        for phase in PHASES:
            phases.add_metric([phase], self._observation.phases.get(phase, 0.0))
        return phases

    def _certificates(self) -> Iterator[Metric]:
        seen = self._observation
        gauges = (
            ("probe_ssl_earliest_cert_expiry", "When the first of the server's certificates ends.",
             seen.server_expires),
            ("probe_est_ca_earliest_cert_expiry", "When the first of the CA's certificates ends.",
             seen.ca_expires),
            (
                "probe_est_enrollment_timestamp_seconds", "When the last enrollment was made.",
                seen.enrolled.at if seen.enrolled else None,
            ),
            (
                "probe_est_enrolled_cert_expiry", "When the certificate that was enrolled ends.",
                seen.enrolled.expires if seen.enrolled else None,
            ),
        )  # fmt: skip
        for name, text, value in gauges:
            if value is not None:
                yield GaugeMetricFamily(name, text, value)
        yield GaugeMetricFamily(
            "probe_est_ca_certificates", "How many certificates cacerts gave.", float(seen.ca_certificates)
        )


def _labelled(name: str, text: str, label: str, value: str) -> Metric:
    metric = GaugeMetricFamily(name, text, labels=[label])
    metric.add_metric([value], 1.0)
    return metric
