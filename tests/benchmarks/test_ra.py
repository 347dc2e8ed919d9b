"""The RA's ways to the CA and its fronts: enrollments per second, CPU per enrollment beside the floor.

The other half are the defects of the field with their real timers: a CA that takes 12 s.
"""

from pathlib import Path

import click
import msgspec
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from loadtests.scenario import Scenario, parse_scenario
from testbed.ra.certsrv.settings import RaConnections
from testbed.ra.settings import RaSettings
from tests.benchmarks.test_enrollment import SCENARIO, measure_floor_in, report, run_storm

# est.md section 6: libEST's proxy and server, Basic on both hops, 16 clients.
LIBEST_PER_SECOND = 16.8
POOLED = RaConnections(reuse_connections=True)
WAYS = {
    "the guide's way, embedded": RaSettings(),
    "the guide's way, nginx": RaSettings(front="nginx"),
    "pooled, embedded": RaSettings(connections=POOLED),
    "pooled, nginx": RaSettings(connections=POOLED, front="nginx"),
}
SLOW_CA = """
name = "slow CA"
seed = 1
[phones]
count = 3
key_pool_size = 3
read_timeout_seconds = {client_seconds}
[arrivals]
closed_phones = 3
[ca.faults]
faults = [{{kind = "delay", stage = "submit", seconds = 12}}]
[ra.timers]
submit_seconds = {ra_seconds}
"""


@pytest.mark.benchmark(group="ra")
@pytest.mark.timeout(600)
@pytest.mark.parametrize("way", WAYS)
def test_each_way_to_the_ca_and_each_front(benchmark: BenchmarkFixture, tmp_path: Path, way: str) -> None:
    scenario: Scenario = msgspec.structs.replace(parse_scenario(SCENARIO, "benchmark"), ra=WAYS[way])
    floor = measure_floor_in(tmp_path / "floor-before")
    course = benchmark.pedantic(run_storm, args=(scenario, tmp_path / "run"), rounds=1)  # type: ignore[no-untyped-call]
    floors = (floor, measure_floor_in(tmp_path / "floor-after"))
    click.echo(f"\n{way}")
    figures = report(course, floors)
    total = sum(course.cpu_seconds.values()) / len(course.attempts) * 1000
    rate = figures["enrollments_per_second"]
    click.echo(
        f"all three {total:.2f} CPU-ms, floor {floors[0].total:.2f} and {floors[1].total:.2f} (a login each)"
    )
    click.echo(f"{rate / LIBEST_PER_SECOND:.1f} times libEST's proxy and server")
    benchmark.extra_info.update(figures)
    assert all(attempt.enrolled for attempt in course.attempts)


@pytest.mark.benchmark(group="slow CA")
@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    ("ra_seconds", "client_seconds", "error"),
    [
        (10, 10, "EST_ERR_SSL_READ"),
        (20, 10, "EST_ERR_SSL_READ"),
        (10, 20, "EST_ERR_UNKNOWN"),
        (20, 20, "EST_ERR_NONE"),
    ],
)
def test_a_ca_that_takes_12_seconds_needs_both_timers_raised(
    benchmark: BenchmarkFixture, tmp_path: Path, ra_seconds: int, client_seconds: int, error: str
) -> None:
    text = SLOW_CA.format(ra_seconds=ra_seconds, client_seconds=client_seconds)
    scenario = parse_scenario(text, "slow CA")
    course = benchmark.pedantic(run_storm, args=(scenario, tmp_path / "run"), rounds=1)  # type: ignore[no-untyped-call]
    errors = {str(attempt.est_error) for attempt in course.attempts}
    click.echo(f"\nRA {ra_seconds} s, client {client_seconds} s: {errors}")
    assert errors == {error}
