import pytest

from loadtests.storm.counters import CounterMeter, Sample, read_counts, usage_between
from testbed.ca.capacity_settings import CapacitySettings, ConstantTime
from testbed.ca.settings import CaSettings
from testbed.ra.capacity_settings import RaWorkers
from testbed.ra.settings import RaConnections, RaSettings
from testbed.settings import LabSettings

SERVICE, WAITING = "estorm_ca_service_seconds", "estorm_ca_waiting_seconds"
PAGE = f"""\
# TYPE estorm_ra_worker_busy_seconds_total counter
estorm_ra_worker_busy_seconds_total 12.5
# TYPE {SERVICE} histogram
{SERVICE}_bucket{{le="+Inf",stage="login"}} 3.0
{SERVICE}_count{{stage="login"}} 3.0
{SERVICE}_sum{{stage="login"}} 0.75
# TYPE estorm_ca_queued gauge
estorm_ca_queued{{stage="login"}} 7.0
"""
LAB = LabSettings(
    ca=CaSettings(capacity=CapacitySettings(workers=2, signing=ConstantTime(0.1))),
    ra=RaSettings(workers=RaWorkers("blocking", 4)),
)


def two_samples(**growth: float) -> list[Sample]:
    """Ten seconds apart; counters from nothing to `growth`, by names with underscores for spaces."""
    names = {name.replace("__", " "): value for name, value in growth.items()}
    return [Sample(100.0, dict.fromkeys(names, 0.0)), Sample(110.0, names)]


def test_sums_and_counts_are_read_and_nothing_else() -> None:
    assert read_counts(PAGE) == {
        "estorm_ra_worker_busy_seconds_total": 12.5,
        f"{SERVICE}_count login": 3.0,
        f"{SERVICE}_sum login": 0.75,
    }


def test_a_share_is_of_the_time_of_all_servers() -> None:
    samples = two_samples(
        estorm_ra_worker_busy_seconds_total=20.0,
        estorm_ca_service_seconds_sum__submit=4.0,
        estorm_ca_service_seconds_sum__login=6.0,
        estorm_ca_service_seconds_sum__signing=1.0,
    )
    usage = usage_between(samples, 100, 110, LAB)
    assert usage.ra_workers == pytest.approx(0.5)
    assert usage.ca_threads == pytest.approx(0.5)
    assert usage.ca_signing == pytest.approx(0.1)


def test_what_has_no_limit_has_no_share() -> None:
    usage = usage_between(two_samples(cpu__ra=5.0), 100, 110, LabSettings(ra=RaSettings()))
    assert usage.ca_threads is None
    assert usage.ca_signing is None
    assert usage.ra_cpu == pytest.approx(0.5)


def test_nginx_in_front_of_the_ra_is_told_apart_from_the_ra() -> None:
    usage = usage_between(two_samples(cpu__ra=5.0, cpu__ra__front=2.0), 100, 110)
    assert (usage.ra_cpu, usage.ra_front_cpu) == pytest.approx((0.3, 0.2))
    assert usage_between(two_samples(cpu__ra=5.0), 100, 110).ra_front_cpu is None


def test_the_ra_s_pool_is_counted_over_all_of_its_processes() -> None:
    connections = RaConnections(reuse_connections=True, pool_size=3)
    lab = LabSettings(ra=RaSettings(connections=connections, workers=RaWorkers("async", 2)))
    samples = two_samples(
        estorm_ra_pool_busy_seconds_total=15.0,
        estorm_ra_pool_wait_seconds_sum=6.0, estorm_ra_pool_wait_seconds_count=12,
    )  # fmt: skip
    usage = usage_between(samples, 100, 110, lab)
    assert (usage.ra_pool, usage.pool_wait_seconds) == pytest.approx((0.25, 0.5))
    without = usage_between(samples, 100, 110, LAB)
    assert (without.ra_pool, without.pool_wait_seconds) == (None, None)


def test_failed_calls_are_counted_by_stage_and_cause() -> None:
    page = """\
# TYPE estorm_ra_failures_total counter
estorm_ra_failures_total{cause="curl_28",stage="submit"} 20.0
estorm_ra_failures_total{cause="http_503",stage="submit"} 5.0
estorm_ra_failures_total{cause="curl_28",stage="login"} 0.0
"""
    samples = [Sample(100.0, {}), Sample(110.0, read_counts(page))]
    found = usage_between(samples, 100, 110).failed_calls
    assert found == pytest.approx({"submit curl_28": 2.0, "submit http_503": 0.5})


def test_half_of_the_time_between_two_samples_has_half_of_the_growth() -> None:
    samples = [*two_samples(cpu__ca=8.0), Sample(120.0, {"cpu ca": 8.0})]
    assert usage_between(samples, 105, 115, LAB).ca_cpu == pytest.approx(0.4)


def test_waits_are_means_and_stages_shares_of_the_calls() -> None:
    samples = two_samples(
        estorm_ca_waiting_seconds_sum__login=3.0, estorm_ca_waiting_seconds_count__login=10,
        estorm_ra_stage_seconds_sum__login=9.0, estorm_ra_stage_seconds_sum__submit=1.0,
    )  # fmt: skip
    usage = usage_between(samples, 100, 110, LAB)
    assert usage.ca_wait_seconds == pytest.approx(0.3)
    assert usage.signing_wait_seconds is None
    assert usage.stage_shares == {"login": 0.9, "form": 0.0, "submit": 0.1, "download": 0.0}


def test_of_one_moment_nothing_is_known() -> None:
    assert usage_between(two_samples(cpu__ca=8.0), 110, 110, LAB) == usage_between([], 0, 1, LAB)


def test_a_part_that_is_gone_leaves_a_sample_out() -> None:
    meter = CounterMeter(["http://127.0.0.1:9/metrics"])
    meter.sample(1.0, {})
    assert meter.samples == []


def test_counters_are_read_once_a_second_at_most() -> None:
    meter = CounterMeter([])
    for moment in (1.0, 1.5, 2.0, 2.5):
        meter.sample_if_due(moment, dict)
    assert [sample.at for sample in meter.samples] == [1.0, 2.0]
    assert meter.samples[0].counts["machine"] > 0
