from prometheus_client import generate_latest

from exporters.ca import STAGES, CaMetrics


def text(metrics: CaMetrics) -> str:
    return generate_latest(metrics.registry).decode()


def test_an_answer_is_counted_by_stage_and_status_and_timed() -> None:
    metrics = CaMetrics()
    metrics.answered("login", 401, 0.001)
    metrics.answered("login", 301, 0.25)
    shown = text(metrics)
    assert 'estorm_ca_requests_total{stage="login",status="401"} 1.0' in shown
    assert 'estorm_ca_response_seconds_sum{stage="login"} 0.251' in shown


def test_every_stage_shows_its_queue_from_the_start() -> None:
    shown = text(CaMetrics())
    for stage in STAGES:
        assert f'estorm_ca_queued{{stage="{stage}"}} 0.0' in shown
        assert f'estorm_ca_service_seconds_count{{stage="{stage}"}} 0.0' in shown


def test_waiting_and_service_are_told_apart() -> None:
    metrics = CaMetrics()
    metrics.served("submit", 2.0, 0.5)
    shown = text(metrics)
    assert 'estorm_ca_waiting_seconds_sum{stage="submit"} 2.0' in shown
    assert 'estorm_ca_service_seconds_sum{stage="submit"} 0.5' in shown


def test_two_cas_in_one_process_share_nothing() -> None:
    first, second = CaMetrics(), CaMetrics()
    first.decided("issued")
    assert 'estorm_ca_dispositions_total{disposition="issued"} 0.0' in text(second)


def test_every_name_has_the_prefix_or_is_the_process_s_own() -> None:
    names = [family.name for family in CaMetrics().registry.collect()]
    assert all(name.startswith(("estorm_ca_", "process_")) for name in names)
