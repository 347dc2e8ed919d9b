"""Whole enrollments through the lab: rate, and CPU per enrollment beside the floor of the same run.

Run with `make bench`. Figures to compare are the ratios: this machine's speed drifts.
"""

from pathlib import Path

import click
import msgspec
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from loadtests.scenario import Scenario, parse_scenario
from loadtests.storm.course import Course
from loadtests.storm.progress import PlainDisplay
from loadtests.storm.run import Storm
from loadtests.storm.run_folder import RunFolder
from tests.benchmarks.floor import Floor, measure_floor

PHONES = 2000
SCENARIO = f"""
name = "benchmark"
seed = 1
[phones]
count = {PHONES}
key_pool_size = 50
[arrivals]
closed_phones = 32
"""


def run_storm(scenario: Scenario, path: Path) -> Course:
    folder = RunFolder(path)
    folder.logs.mkdir(parents=True)
    return Storm(scenario, folder, PlainDisplay(lambda _line: None, lambda: 0.0)).run(None)


@pytest.mark.benchmark(group="enrollment")
@pytest.mark.timeout(600)
def test_the_whole_chain_at_its_own_pace(benchmark: BenchmarkFixture, tmp_path: Path) -> None:
    scenario = parse_scenario(SCENARIO, "benchmark")
    floor = measure_floor_in(tmp_path / "floor-before")
    course: Course = benchmark.pedantic(  # type: ignore[no-untyped-call]
        run_storm, args=(scenario, tmp_path / "run"), rounds=1
    )
    floors = (floor, measure_floor_in(tmp_path / "floor-after"))
    enrolled = sum(attempt.enrolled for attempt in course.attempts)
    assert enrolled == PHONES
    benchmark.extra_info.update(report(course, floors))


def measure_floor_in(directory: Path) -> Floor:
    directory.mkdir()
    return measure_floor(directory)


def report(course: Course, floors: tuple[Floor, Floor]) -> dict[str, float]:
    """Print and return enrollments per second, and CPU milliseconds per enrollment beside the floor's."""
    seconds = max(a.done for a in course.attempts) - min(a.started for a in course.attempts)
    count = len(course.attempts)
    figures = {"enrollments_per_second": round(count / seconds, 1)}
    total = sum(course.cpu_seconds.values())
    click.echo(
        f"\n{count} enrollments, {figures['enrollments_per_second']}/s, closed workload, 32 phones at once"
    )
    click.echo(f"{'process':<10} {'CPU-ms':>7} {'floor':>7} {'ratio':>6} {'share':>6}")
    for name, spent in course.cpu_seconds.items():
        cpu_ms = spent / count * 1000
        floor_ms = sum(msgspec.to_builtins(floor)[name] for floor in floors) / len(floors)
        figures[f"{name}_cpu_ms"] = round(cpu_ms, 2)
        figures[f"{name}_ratio"] = round(cpu_ms / floor_ms, 2)
        row = f"{name:<10} {cpu_ms:7.2f} {floor_ms:7.2f} {cpu_ms / floor_ms:6.2f} {spent / total:6.0%}"
        click.echo(row)
    return figures
