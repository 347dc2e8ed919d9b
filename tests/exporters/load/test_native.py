"""Native histograms, as a real Prometheus that asks for them reads them; others see the fixed buckets."""

import time
from collections.abc import Iterator

import httpx
import pytest
from prometheus_client import CollectorRegistry, Gauge
from prometheus_client.parser import text_string_to_metric_families

from exporters.endpoint import metrics_endpoint
from exporters.load.collector import LoadCollector, Reporting, RunFacts
from exporters.load.native import with_native
from exporters.load.tally import Ended, Tally
from exporters.protobuf import CONTENT_TYPE
from exporters.targets import listed
from loadtests.storm.prometheus import prometheus_beside
from tests.prometheus import Prometheus, needs_prometheus

HOSTILE = 'x"} 1\n{}'
TIMERS = {"connect": 10.0, "handshake": 10.0, "read": 10.0}
ASKED = {"Accept": f"{CONTENT_TYPE};q=0.7,text/plain;version=0.0.4;q=0.3"}


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    tally = Tally(TIMERS, "install")
    for hundredth in range(1, 1001):
        seconds = hundredth / 100
        tally.ended(Ended("install", seconds, seconds, (0.0, None, None, None, None, None), sent=True))
    snapshot = tally.snapshot(0, 0.0, 1.5, {"enrolled": 1000}, ended=True)
    load = LoadCollector(lambda: [Reporting(snapshot)], lambda: RunFacts("id", 1, HOSTILE, "target"))
    registry, others = CollectorRegistry(), CollectorRegistry()
    Gauge("estorm_other", "Another.", registry=others).set(-2.5)
    registry.register(others)
    registry.register(load)
    with metrics_endpoint(registry, wrap=lambda application: with_native(application, load, others)) as url:
        yield url


@pytest.fixture(scope="module")
def prometheus(url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    folder = tmp_path_factory.mktemp("native")
    options = ["--enable-feature=native-histograms"]
    with (
        listed(folder / "targets-load.json", {"estorm-load": url}, {"run": "a"}),
        prometheus_beside(folder, folder / "prometheus", options) as shown,
    ):
        asked = Prometheus(shown)
        while not asked.ask('up{job="estorm-load"} == 1'):
            time.sleep(0.2)
        yield asked


@needs_prometheus
def test_a_histogram_is_read_with_its_count_and_its_sum(prometheus: Prometheus) -> None:
    latency = 'estorm_enrollment_latency_seconds{outcome="enrolled"}'
    assert prometheus.value(f"histogram_count({latency})") == 1000
    assert prometheus.value(f"histogram_sum({latency})") == pytest.approx(5005.0)


@needs_prometheus
@pytest.mark.parametrize(("share", "seconds"), [(0.1, 1.0), (0.5, 5.0), (0.99, 9.9)])
def test_quantiles_are_as_near_as_the_native_buckets_are_wide(
    prometheus: Prometheus, share: float, seconds: float
) -> None:
    latency = 'estorm_enrollment_latency_seconds{outcome="enrolled"}'
    found = prometheus.value(f"histogram_quantile({share}, {latency})")
    assert found == pytest.approx(seconds, rel=0.09)


@needs_prometheus
def test_zeros_have_a_bucket_of_their_own(prometheus: Prometheus) -> None:
    connecting = 'estorm_enrollment_stage_seconds{stage="connect"}'
    assert prometheus.value(f"histogram_quantile(0.5, {connecting})") == pytest.approx(0)


@needs_prometheus
def test_counters_gauges_and_hostile_labels_are_read_as_from_text(prometheus: Prometheus) -> None:
    assert prometheus.value("estorm_enrollments_succeeded_total") == 1000
    assert prometheus.value("estorm_other") == -2.5
    assert prometheus.value('estorm_phones{state="enrolled"}') == 1000
    (info,) = prometheus.ask("estorm_run_info")
    assert info.metric["scenario"] == HOSTILE


def test_who_asks_for_text_gets_text_with_the_fixed_buckets(url: str) -> None:
    answer = httpx.get(url, headers={"Accept": "text/plain;version=0.0.4"}, trust_env=False)
    families = {family.name: family for family in text_string_to_metric_families(answer.text)}
    buckets = {
        sample.labels["le"]: sample.value
        for sample in families["estorm_enrollment_latency_seconds"].samples
        if sample.name.endswith("_bucket")
    }
    assert (buckets["5.0"], buckets["10.0"], buckets["+Inf"]) == (500, 1000, 1000)


def test_who_prefers_protobuf_gets_it_and_who_merely_takes_it_does_not(url: str) -> None:
    def content_type(accept: str) -> str:
        return str(httpx.get(url, headers={"Accept": accept}, trust_env=False).headers["content-type"])

    assert content_type(ASKED["Accept"]) == CONTENT_TYPE
    assert content_type(f"text/plain;version=0.0.4,{CONTENT_TYPE};q=0.1").startswith("text/plain")


def test_protobuf_has_the_fixed_buckets_too(url: str) -> None:
    body = httpx.get(url, headers=ASKED, trust_env=False).content
    assert b"estorm_enrollment_latency_seconds" in body
    # Bucket{cumulative_count=500, upper_bound=5.0}
    assert b"\x1a\x0c\x08\xf4\x03\x11\x00\x00\x00\x00\x00\x00\x14\x40" in body
