"""The guide's own excerpts go in, and the right numbers come out."""

from tests.exporters.logs.reading import read, without
from tests.guide import capf_lines, guide_text, iis_rows, nginx_lines


def test_capfs_excerpts_are_one_success_and_one_timeout() -> None:
    found = read("capf", *capf_lines(guide_text()))
    assert without(found, "bucket", "lines_total", "sum") == {
        "enrollments_started_total": 2,
        "enrollments_succeeded_total": 1,
        "enrollments_failed_total{est_error=EST_ERR_SSL_READ,stage=wait}": 1,
        "enrollment_service_seconds_count{outcome=enrolled}": 1,
        "enrollment_service_seconds_count{outcome=failed}": 1,
        "enrollment_timeouts_total{timer=read,stage=wait}": 1,
        "enrollment_timer_used_ratio_count{timer=read}": 2,
    }
    assert round(found["enrollment_service_seconds_sum{outcome=enrolled}"], 3) == 0.661
    assert round(found["enrollment_service_seconds_sum{outcome=failed}"], 3) == 10.038
    assert "enrollment_service_seconds_bucket{outcome=failed,le=10.0}" not in found
    assert found["enrollment_service_seconds_bucket{outcome=failed,le=15.0}"] == 1


def test_every_line_of_capfs_excerpts_can_be_read() -> None:
    lines = capf_lines(guide_text())
    assert len(lines) > 150
    found = read("capf", *lines)
    assert found["log_lines_total{log=capf}"] == len(lines)
    assert not any("unreadable" in name for name in found)


def test_the_nginx_excerpts_are_starts_that_failed_and_a_template_with_a_wrong_name() -> None:
    found = read("nginx", *nginx_lines(guide_text()))
    assert without(found, "lines_", "ra_stage", "ra_timer") == {
        "ra_starts_total{outcome=launched}": 1,
        "ra_starts_total{outcome=ready}": 1,
        "ra_starts_total{outcome=no_chain}": 6,
        "ra_calls_total{stage=login,outcome=good}": 2,
        "ra_calls_total{stage=form,outcome=good}": 1,
        "ra_calls_total{stage=chain,outcome=good}": 1,
        "ra_calls_total{stage=login,outcome=failed}": 6,
        "ra_calls_total{stage=chain,outcome=failed}": 1,
        "ra_failures_total{stage=login,cause=curl_60}": 3,
        "ra_failures_total{stage=login,cause=curl_51}": 1,
        "ra_failures_total{stage=login,cause=curl_6}": 1,
        "ra_failures_total{stage=login,cause=curl_28}": 1,
        "ra_failures_total{stage=chain,cause=curl_28}": 1,
        "ra_est_errors_total{est_error=EST_ERR_AUTH_FAIL}": 1,
        "ra_requests_total{operation=simpleenroll,status=401}": 1,
    }


def test_the_nginx_excerpts_tell_how_long_calls_took() -> None:
    found = read("nginx", *nginx_lines(guide_text()))
    times = {name: seconds for name, seconds in found.items() if name.startswith(("ra_stage", "ra_timer"))}
    assert {name: seconds for name, seconds in times.items() if "bucket" not in name} == {
        # One that timed out as the RA started, one that took less than a second.
        "ra_stage_seconds_count{stage=login}": 2,
        "ra_stage_seconds_sum{stage=login}": 10.0005,
        "ra_stage_seconds_count{stage=form}": 1,
        # Less than a second, and one that timed out.
        "ra_stage_seconds_count{stage=chain}": 2,
        "ra_stage_seconds_sum{stage=chain}": 10.0015,
        "ra_timer_used_ratio_count{stage=login}": 2,
        "ra_timer_used_ratio_sum{stage=login}": 1.00005,
        "ra_timer_used_ratio_count{stage=form}": 1,
        "ra_timer_used_ratio_count{stage=chain}": 2,
        "ra_timer_used_ratio_sum{stage=chain}": 1.00015,
    }
    for stage in ("login", "chain"):
        assert times[f"ra_stage_seconds_bucket{{stage={stage},le=10.0}}"] == 1
        assert times[f"ra_stage_seconds_bucket{{stage={stage},le=15.0}}"] == 2
        assert times[f"ra_timer_used_ratio_bucket{{stage={stage},le=1.0}}"] == 1
        assert times[f"ra_timer_used_ratio_bucket{{stage={stage},le=+Inf}}"] == 2


def test_the_iis_excerpts_are_a_start_and_an_enrollment() -> None:
    found = read("iis", *(" ".join(row) for row in iis_rows(guide_text())))
    assert without(found, "bucket", "lines_total") == {
        "ca_requests_total{stage=login,status=401}": 3,
        "ca_requests_total{stage=login,status=301}": 3,
        "ca_requests_total{stage=form,status=200}": 1,
        "ca_requests_total{stage=submit,status=200}": 1,
        "ca_requests_total{stage=download,status=200}": 2,
        "ca_response_seconds_count{stage=login}": 6,
        "ca_response_seconds_sum{stage=login}": 0.016,
        "ca_response_seconds_count{stage=form}": 1,
        "ca_response_seconds_sum{stage=form}": 0.22,
        "ca_response_seconds_count{stage=submit}": 1,
        "ca_response_seconds_sum{stage=submit}": 0.015,
        "ca_response_seconds_count{stage=download}": 2,
        "ca_response_seconds_sum{stage=download}": 0.002,
    }


def test_no_word_of_the_excerpts_is_in_what_is_counted() -> None:
    text = guide_text()
    lines = [*capf_lines(text), *nginx_lines(text), *(" ".join(row) for row in iis_rows(text))]
    shown = " ".join(name for log in ("capf", "nginx", "ces", "iis") for name in read(log, *lines))
    for secret in ("SEP", "74A02FC0A675", "michamen", "MICHAMEN", "ciscora", "14.48."):
        assert secret not in shown
