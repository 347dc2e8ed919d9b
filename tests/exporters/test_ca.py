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


def test_what_was_issued_and_not_fetched_is_shown() -> None:
    metrics = CaMetrics()
    for request_id in (1, 2, 3):
        metrics.issued(request_id)
    for request_id in (2, 2, 7):
        metrics.fetched(request_id)
    assert "estorm_ca_certificates_unfetched 2.0" in text(metrics)


def test_two_cas_in_one_process_share_nothing() -> None:
    first, second = CaMetrics(), CaMetrics()
    first.decided("issued")
    assert 'estorm_ca_dispositions_total{disposition="issued"} 0.0' in text(second)


def test_every_name_has_the_prefix_or_is_the_process_s_own() -> None:
    names = [family.name for family in CaMetrics().registry.collect()]
    assert all(name.startswith(("estorm_ca_", "process_")) for name in names)


def test_the_databases_rows_are_counted_at_each_scrape() -> None:
    metrics, rows = CaMetrics(), {"issued": 1}
    metrics.show_rows(lambda: rows)
    assert 'estorm_ca_database_rows{disposition="issued"} 1.0' in text(metrics)
    rows["issued"], rows["denied"] = 5, 2
    assert 'estorm_ca_database_rows{disposition="issued"} 5.0' in text(metrics)
    assert 'estorm_ca_database_rows{disposition="denied"} 2.0' in text(metrics)


def test_a_database_that_cannot_be_read_costs_its_rows_and_nothing_else() -> None:
    metrics = CaMetrics()
    metrics.show_rows(dict)
    assert "estorm_ca_database_rows{" not in text(metrics)
    assert "estorm_ca_connections 0.0" in text(metrics)
