"""Trials on a server that somebody else runs: a lab of this test's own."""

import itertools
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from loadtests.arrivals.pacing import Health, WorkerHealth
from loadtests.calibration.document import Calibration
from loadtests.capacity.storm_bench import StormBench, generator_trouble
from loadtests.capacity.trial import Trial, TrialPlan
from loadtests.est.client import parse_target
from loadtests.results import summary, table
from loadtests.results.measures import Percentiles
from loadtests.results.slo import parse_all
from loadtests.scenario import Scenario, parse_scenario
from loadtests.storm.generator import EstServer
from loadtests.storm.measured import Silent
from testbed.ca import database
from testbed.ca.capacity_settings import SamplesTime
from testbed.lab import Lab
from tests.loadtests import attempts
from tests.loadtests.report.capacity_run import trial
from tests.loadtests.runs import facts

RULES = ("latency_p50_seconds <= 30s", "orphans == 0")
SCENARIO = parse_scenario("seed = 3\n[phones]\nkey = 'p-256'", "here")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[EstServer]:
    with Lab(SCENARIO.lab_settings, tmp_path, tmp_path / "ca.sqlite") as lab:
        found = lab.endpoints
        yield EstServer(parse_target(found.ra), Path(found.trust_anchor), found.est_user, found.est_password)


def aimed_at(server: EstServer) -> Scenario:
    target = msgspec.structs.replace(SCENARIO.target, url=f"https://{server.target.authority}")
    return msgspec.structs.replace(SCENARIO, target=target)


def test_of_a_users_server_there_is_what_phones_saw_and_nothing_of_its_parts(
    server: EstServer, tmp_path: Path
) -> None:
    kept = tmp_path / "calibration.toml"
    bench = StormBench(
        aimed_at(server), parse_all(RULES), 3, tmp_path / "trials", Silent(), server, calibration=kept
    )
    found = bench.trial(TrialPlan("hold", 1, 20.0, 0.5, 1.0))
    assert (found.phones, found.failed_share, found.problem) == (20, 0.0, "")
    assert found.slo.met is None
    assert found.usage.ra_workers is found.usage.ca_cpu is None
    assert found.usage.generator_cpu is not None
    assert {path.name for path in (tmp_path / "trials" / "01").iterdir()} == {
        "summary.json", "enrollments.parquet", "scenario.toml",
    }  # fmt: skip
    assert not kept.exists()


def test_of_the_first_trial_on_a_lab_what_a_plan_needs_is_kept_and_little_else(tmp_path: Path) -> None:
    kept = tmp_path / "calibration.toml"
    bench = StormBench(SCENARIO, parse_all(RULES), 3, tmp_path / "trials", Silent(), calibration=kept)
    bench.trial(TrialPlan("baseline", 1, None, 0.0, 0.5))
    found = Calibration.read(kept)
    assert found.chain.enrolled == found.stages["submit"].requests >= 5
    assert isinstance(found.overheads.phone, SamplesTime)
    assert found.overheads.ra_cpu_seconds > 0
    assert found.made_from[0].endswith("trials/01")
    assert kept.stat().st_size < 50_000
    assert not (tmp_path / "trials" / "01" / "logs").exists()


def test_a_trial_that_outlasts_the_time_budget_is_ended_and_says_nothing(tmp_path: Path) -> None:
    ticking = itertools.count()
    bench = StormBench(
        SCENARIO, parse_all(RULES), 3, tmp_path, Silent(), deadline=5, clock=lambda: float(next(ticking))
    )
    found = bench.trial(TrialPlan("hold", 1, 5.0, 0.0, 120.0))
    assert "time budget" in found.problem
    assert found.void


def broke(baseline_p50_seconds: float) -> list[Trial]:
    """A baseline like that, and a trial that broke a rule."""
    first = msgspec.structs.replace(trial(1, "baseline", None), latency_p50_seconds=baseline_p50_seconds)
    return [first, trial(2, "rise", 60.0)]


def test_a_search_that_goes_on_waits_for_a_users_server_that_was_overloaded_before(
    server: EstServer, tmp_path: Path
) -> None:
    bench = StormBench(
        aimed_at(server), parse_all(RULES), 3, tmp_path / "trials", Silent(), server, made=broke(10.0)
    )
    found = bench.trial(TrialPlan("hold", 3, 20.0, 0.5, 1.0))
    assert (found.phones, found.problem) == (20, "")
    asked_before = 4
    assert len(database.issued(tmp_path / "ca.sqlite")) >= 30 + asked_before


def test_a_users_server_that_does_not_come_to_rest_in_time_makes_the_trial_void(
    server: EstServer, tmp_path: Path
) -> None:
    naps: list[float] = []
    bench = StormBench(
        aimed_at(server), parse_all(RULES), 3, tmp_path / "trials", Silent(), server, made=broke(-1.0),
        deadline=time.monotonic() + 6, sleep=naps.append,
    )  # fmt: skip
    found = bench.trial(TrialPlan("hold", 3, 20.0, 0.5, 1.0))
    assert "did not come to rest" in found.problem
    assert found.void
    assert not (tmp_path / "trials" / "03").exists()


def shown(**health: float | None) -> summary.Summary:
    """A summary of a generator like this, whose first phones started half a second late."""
    worker = WorkerHealth(0, 10, 0, health.get("cpu_share"), None)
    found = summary.summarize(table.build(attempts.storm(10)), facts(10), [])
    return msgspec.structs.replace(
        found, generator=Health([], health.get("loop_lag"), [worker]), start_lag_seconds=late(0.5)
    )


def late(seconds: float) -> Percentiles:
    return Percentiles(seconds, seconds, seconds, seconds)


@pytest.mark.parametrize(
    ("health", "lag", "limit", "trouble"),
    [
        ({"cpu_share": 0.5}, 0.04, "1s", ""),
        ({"cpu_share": 0.9}, 0.001, "1s", "the generator used 90% of a core"),
        ({}, 0.06, "1s", "p99 of start lag is 0.060 s"),
        ({}, 0.06, "5s", ""),
        ({"loop_lag": 0.06}, 0.001, "1s", "p99 of event-loop lag is 0.060 s"),
        ({}, 0.004, "10 ms", ""),
    ],
)
def test_a_generator_is_in_trouble_when_its_own_delay_of_measured_phones_matters_beside_the_limit(
    health: dict[str, float], lag: float, limit: str, trouble: str
) -> None:
    rules = parse_all([f"latency_p99_seconds <= {limit}"])
    assert generator_trouble(shown(**health), late(lag), rules) == trouble
