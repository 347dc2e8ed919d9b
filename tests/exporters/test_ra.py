import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from exporters.ra import STAGES, RaMetrics


def samples(registry: CollectorRegistry) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """Every sample as a scrape shows it, by name and labels."""
    text = generate_latest(registry).decode()
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def value(metrics: RaMetrics, name: str, **labels: str) -> float | None:
    return samples(metrics.registry).get((f"estorm_ra_{name}", tuple(sorted(labels.items()))))


def test_requests_are_counted_by_operation_and_status() -> None:
    metrics = RaMetrics()
    for status in (200, 200, 499):
        metrics.answered("simpleenroll", status, 0.1)

    assert value(metrics, "requests_total", operation="simpleenroll", status="200") == 2
    assert value(metrics, "requests_total", operation="simpleenroll", status="499") == 1
    assert value(metrics, "request_seconds_count", operation="simpleenroll") == 3


@pytest.mark.parametrize("stage", STAGES)
def test_the_default_timer_is_a_bucket_edge_of_every_stage(stage: str) -> None:
    metrics = RaMetrics()
    metrics.called(stage, 10.0, None)
    metrics.called(stage, 10.001, None)

    assert value(metrics, "stage_seconds_bucket", stage=stage, le="10.0") == 1
    assert value(metrics, "stage_seconds_bucket", stage=stage, le="15.0") == 2


def test_failures_are_counted_by_stage_and_cause_and_successes_are_not() -> None:
    metrics = RaMetrics()
    metrics.called("login", 10.0, "curl_28")
    metrics.called("login", 0.1, None)

    assert value(metrics, "failures_total", stage="login", cause="curl_28") == 1
    assert value(metrics, "stage_seconds_count", stage="login") == 2


def test_in_flight_and_orphans_start_at_zero_and_are_shown() -> None:
    metrics = RaMetrics()
    assert value(metrics, "in_flight") == 0
    assert value(metrics, "orphans_total") == 0
    metrics.orphans.inc()
    assert value(metrics, "orphans_total") == 1


def test_two_sets_of_metrics_do_not_share_counts() -> None:
    one, two = RaMetrics(), RaMetrics()
    one.orphans.inc()
    assert value(two, "orphans_total") == 0


def test_every_own_metric_has_the_prefix() -> None:
    names = {family.name for family in RaMetrics().registry.collect()}
    assert all(name.startswith(("estorm_ra_", "process_")) for name in names)


def test_each_configured_timer_is_a_bucket_edge_and_its_share_is_told() -> None:
    metrics = RaMetrics({"form": 3.25, "connect": 10.0})
    metrics.called("form", 3.25, None)
    metrics.called("form", 6.5, "curl_28")

    assert value(metrics, "timer_seconds", timer="form") == 3.25
    assert value(metrics, "stage_seconds_bucket", stage="form", le="3.25") == 1
    assert value(metrics, "timer_used_ratio_bucket", stage="form", le="1.0") == 1
    assert value(metrics, "timer_used_ratio_sum", stage="form") == 3.0


def test_the_certificates_say_when_they_expire() -> None:
    metrics = RaMetrics()
    metrics.certificates_expire(2e9, 3e9)

    assert value(metrics, "certificate_expiry_timestamp_seconds", certificate="server") == 2e9
    assert value(metrics, "certificate_expiry_timestamp_seconds", certificate="ca") == 3e9
