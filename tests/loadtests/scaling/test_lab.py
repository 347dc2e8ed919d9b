"""Levels measured on a lab that really runs."""

from pathlib import Path

import msgspec
import numpy as np
import polars as pl
import pytest

from loadtests.results.usage import Usage
from loadtests.scaling.demands import Demands, Limits, Variation, quantiles, squared_variation
from loadtests.scaling.lab import LabLevels, closed_scenario, counted_repeat, page_seconds
from loadtests.scaling.plan import LevelPlan
from loadtests.scenario import Scenario, parse_scenario
from testbed.settings import changed
from tests.testbed.ra.workers.test_nginx import needs_nginx

SCENARIO = """
seed = 7
[phones]
key = "p-256"
[ra.workers]
model = "blocking"
[ca.capacity]
workers = 3
signing = { kind = "constant", seconds = 0.02 }
submit = { kind = "constant", seconds = 0.1 }
"""


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    return parse_scenario(SCENARIO, "test")


def test_a_level_is_measured_with_so_many_phones_at_a_time(scenario: Scenario, tmp_path: Path) -> None:
    limits = Limits.of(scenario, 2)
    bench = LabLevels(scenario, tmp_path, limits, print)
    found = bench.measure(LevelPlan(2, 1, 0.5, 5.0, 90))
    assert found.usable
    # Two at a time, each 0.12 s at the CA alone: what else takes time only makes it fewer.
    assert 1 < found.per_second < 2 / 0.12
    assert found.latency_mean_seconds is not None
    assert found.per_second * found.latency_mean_seconds < 4
    demands = found.demands
    assert demands is not None
    assert demands.signing is not None
    assert demands.signing > 0.01
    assert demands.pages is not None
    assert demands.pages > 0.05
    assert demands.worker is not None
    assert demands.worker > 0.1
    assert demands.ra_cpu > 0
    assert page_seconds(tmp_path / "2-at-once-1" / "logs")["submit"].mean() > 0.1


def test_limits_are_those_of_the_scenario(scenario: Scenario) -> None:
    assert Limits.of(scenario, 2) == Limits(5, 3, 1, 1, 1, 2)
    assert Limits.of(Scenario(), 4).ca_threads == 0


def test_nginx_s_processes_are_counted_where_it_is_the_ra_s_front(scenario: Scenario) -> None:
    fronted = changed(scenario, {"ra.front": "nginx", "ra.nginx.worker_processes": 3})
    assert Limits.of(fronted, 2).front_processes == 3
    assert Limits.of(scenario, 2).front_processes == 0


@needs_nginx
def test_nginx_s_cpu_time_is_told_apart_from_the_ra_s(scenario: Scenario, tmp_path: Path) -> None:
    fronted = changed(scenario, {"ra.front": "nginx"})
    bench = LabLevels(fronted, tmp_path, Limits.of(fronted, 2), print)
    demands = bench.measure(LevelPlan(2, 1, 0.5, 4.0, 90)).demands
    assert demands is not None
    # A handshake with a signature in C beside five calls in Python.
    assert 0 < demands.front_cpu < demands.ra_cpu


def test_a_level_is_a_closed_workload_of_the_same_scenario(scenario: Scenario) -> None:
    closed = closed_scenario(scenario, LevelPlan(8, 1, 1.0, 5.0, 400))
    assert (closed.arrivals.closed_phones, closed.phones.count) == (8, 400)
    assert closed.ca.capacity == scenario.ca.capacity


def test_repeats_of_a_level_meet_a_ca_with_other_times(scenario: Scenario) -> None:
    def seed(repeat: int) -> int:
        return closed_scenario(scenario, LevelPlan(8, repeat, 1.0, 5.0, 400)).ca.seed

    assert len({seed(1), seed(2), seed(3)}) == 3
    assert seed(2) == seed(2)


def test_phones_that_failed_are_counted_and_their_times_are_not() -> None:
    counted = pl.DataFrame({"enrolled": [True, True, False], "service_time_seconds": [0.2, 0.4, 9.0]})
    found = counted_repeat(counted, 2.0, None)
    assert (found.per_second, found.phones) == (1.0, 3)
    assert found.latency_mean_seconds == pytest.approx(0.3)
    assert found.failed_share == pytest.approx(1 / 3)


def test_a_time_in_which_nothing_enrolled_is_kept_as_such() -> None:
    counted = pl.DataFrame({"enrolled": [False], "service_time_seconds": [9.0]})
    found = counted_repeat(counted, 2.0, None)
    assert (found.per_second, found.failed_share, found.demands) == (0.0, 1.0, None)


def test_demands_are_busy_time_over_enrollments() -> None:
    usage = Usage(
        ra_workers=0.5, ca_threads=0.5, ca_signing=0.3, ra_cpu=0.2, ca_cpu=0.1, generator_cpu=0.4,
        signing_wait_seconds=0.01, ra_front_cpu=0.02,
    )  # fmt: skip
    limits = Limits(ra_workers=5, ca_threads=4, signing_devices=1)
    found = Demands.of(usage, 10.0, limits, np.array([0.2, 0.3]), Variation())
    assert (found.worker, found.ra_cpu, found.ca_cpu, found.generator_cpu) == (0.25, 0.02, 0.01, 0.04)
    assert found.front_cpu == 0.002
    assert found.signing == pytest.approx(0.03)
    assert found.pages == pytest.approx(0.2 - 0.03 - 0.01)


def test_a_connection_of_the_pool_is_held_by_the_utilization_law_too() -> None:
    found = Demands.of(Usage(ra_pool=0.5), 10.0, Limits(ra_pool=6), np.array([0.3]), Variation())
    assert found.pool == pytest.approx(0.3)


def test_what_could_not_be_seen_is_not_known() -> None:
    found = Demands.of(Usage(), 10.0, Limits(), np.array([0.2]), Variation())
    assert (found.worker, found.pages, found.signing) == (None, None, None)


def test_quantiles_spread_as_the_times_do() -> None:
    times = np.random.default_rng(1).exponential(0.1, 100_000)
    kept = np.array(quantiles(times))
    assert len(kept) == 100
    assert kept.mean() == pytest.approx(0.1, rel=0.02)
    assert squared_variation(kept) == pytest.approx(squared_variation(times), rel=0.1)


def test_variation_of_too_few_times_is_taken_for_an_exponential_s() -> None:
    assert squared_variation(np.array([0.1])) == 1.0
    assert squared_variation(np.zeros(0)) == 1.0


def test_page_times_come_from_the_ca_s_log_without_its_challenges(tmp_path: Path) -> None:
    fields = "#Fields: date time cs-uri-stem sc-status time-taken\r\n"
    submit = "/certsrv/certfnsh.asp"
    rows = ("/certsrv 401 1", "/certsrv/ 200 5", f"{submit} 200 120", f"{submit} 200 -", "/x 200 9")
    lines = "".join(f"2026-01-02 03:04:05 {row}\r\n" for row in rows)
    (tmp_path / "u_ex260102.log").write_text(fields + lines)
    found = page_seconds(tmp_path)
    assert {stage: seconds.tolist() for stage, seconds in found.items() if len(seconds)} == {
        "login": [0.005], "submit": [0.12],
    }  # fmt: skip


def test_limits_are_kept_as_json() -> None:
    limits = Limits(5, 3, 1, 1, 1, 2)
    assert msgspec.json.decode(msgspec.json.encode(limits), type=Limits) == limits
