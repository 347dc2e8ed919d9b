import contextlib
import threading
import time
from collections.abc import Callable, Iterator

import httpx
import pytest
from prometheus_client import CollectorRegistry

from exporters.endpoint import metrics_endpoint
from exporters.est.endpoint import ProbeEndpoint, TargetRefusedError
from exporters.est.observation import Enrolled, Observation

TARGET = "https://ra.example:8084"
SEEN = Observation(
    success=True, est_error="EST_ERR_NONE", duration_seconds=0.25, phases={"connect": 0.01, "tls": 0.02},
    http_status=200, tls_version="TLSv1.3", server_expires=2e9, ca_expires=3e9, ca_certificates=2,
    enrolled=Enrolled(1e9, 4e9),
)  # fmt: skip


class Scripted:
    """A prober that answers as a test says and keeps what it was asked."""

    timeout_seconds = 2.0

    def __init__(self, answer: Callable[[], Observation] = lambda: SEEN) -> None:
        self.answer = answer
        self.asked: list[tuple[str, float]] = []

    def check(self, target: str) -> None:
        if target != TARGET:
            raise TargetRefusedError("not on the list", allowed=target == "rubbish")

    def probe(self, target: str, timeout_seconds: float) -> Observation:
        self.asked.append((target, timeout_seconds))
        return self.answer()


@contextlib.contextmanager
def serving(prober: Scripted) -> Iterator[str]:
    endpoint = ProbeEndpoint({"cacerts": prober}, time.monotonic)
    with (
        contextlib.closing(endpoint),
        metrics_endpoint(CollectorRegistry(), wrap=endpoint.with_probe) as url,
    ):
        yield url.replace("/metrics", "/probe")


def test_what_was_seen_is_what_users_of_the_blackbox_exporter_expect() -> None:
    with serving(Scripted()) as url:
        text = httpx.get(url, params={"target": TARGET, "module": "cacerts"}).text
    for line in (
        "probe_success 1.0", "probe_duration_seconds 0.25", "probe_http_status_code 200.0",
        'probe_http_duration_seconds{phase="tls"} 0.02', 'probe_tls_version_info{version="TLSv1.3"} 1.0',
        "probe_ssl_earliest_cert_expiry 2e+09", "probe_est_ca_earliest_cert_expiry 3e+09",
        "probe_est_enrolled_cert_expiry 4e+09", 'probe_est_error{est_error="EST_ERR_NONE"} 1.0',
    ):  # fmt: skip
        assert line in text


def test_what_was_not_seen_has_no_sample() -> None:
    with serving(Scripted(lambda: Observation(success=False, est_error="EST_ERR_IP_CONNECT"))) as url:
        text = httpx.get(url, params={"target": TARGET}).text
    assert "probe_success 0.0" in text
    assert "expiry" not in text
    assert "tls_version" not in text


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ({"module": "cacerts"}, 400),
        ({"target": TARGET, "module": "other"}, 400),
        ({"target": "rubbish"}, 400),
        ({"target": "https://169.254.169.254"}, 403),
        ({"target": "https://" + "x" * 400}, 400),
    ],
)
def test_what_may_not_be_probed_is_refused_and_not_asked(asked: dict[str, str], status: int) -> None:
    prober = Scripted()
    with serving(prober) as url:
        assert httpx.get(url, params=asked).status_code == status
    assert prober.asked == []


@pytest.mark.parametrize(
    ("header", "timeout_seconds"),
    [("1.5", 1.0), ("60", 2.0), ("0", 0.1), ("nan", 2.0), ("soon", 2.0)],
)
def test_a_probe_ends_before_its_scrape_does(header: str, timeout_seconds: float) -> None:
    prober = Scripted()
    with serving(prober) as url:
        httpx.get(
            url, params={"target": TARGET}, headers={"X-Prometheus-Scrape-Timeout-Seconds": header}
        ).raise_for_status()
    assert prober.asked == [(TARGET, timeout_seconds)]


def test_a_probe_that_does_not_end_is_a_failed_one_and_too_many_are_refused() -> None:
    leave = threading.Event()

    def hang() -> Observation:
        leave.wait(20)
        return SEEN

    with serving(Scripted(hang)) as url:
        hasty = {"X-Prometheus-Scrape-Timeout-Seconds": "0.6"}
        answers = [httpx.get(url, params={"target": TARGET}, headers=hasty) for _ in range(9)]
        leave.set()
    assert [answer.status_code for answer in answers] == [200] * 8 + [503]
    assert "probe_success 0.0" in answers[0].text


def test_metrics_are_still_served_beside_it() -> None:
    with serving(Scripted()) as url:
        assert httpx.get(url.replace("/probe", "/metrics")).status_code == 200
