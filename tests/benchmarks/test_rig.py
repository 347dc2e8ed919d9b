"""What a chain that can be broken costs while nothing is broken: proxies on both hops, the CA's name by DNS.

Run with `make bench ARGS="-k rig"`. Storms with and without `[chaos]` take turns, so that the machine's drift
strikes both alike.
"""

from pathlib import Path
from statistics import median

import click
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from loadtests.scenario import parse_scenario
from loadtests.storm.course import Course
from tests.benchmarks.test_enrollment import run_storm

ROUNDS = 2
CHAINS = {"lab": "", "tcp": "[chaos]\ndns = false\n", "tcp+dns": "[chaos]\n"}
SCENARIO = """
seed = 1
[phones]
key = "p-256"
count = {phones}
[arrivals]
closed_phones = {at_once}
"""


@pytest.mark.benchmark(group="rig")
@pytest.mark.timeout(600)
@pytest.mark.parametrize(("at_once", "phones"), [(1, 60), (16, 200)])
def test_proxies_and_dns_beside_a_bare_lab(
    benchmark: BenchmarkFixture, tmp_path: Path, at_once: int, phones: int
) -> None:
    def storms() -> dict[str, list[Course]]:
        courses: dict[str, list[Course]] = {name: [] for name in CHAINS}
        for number in range(ROUNDS):
            for name, table in CHAINS.items():
                text = SCENARIO.format(phones=phones, at_once=at_once) + table
                scenario = parse_scenario(text, "benchmark")
                courses[name].append(run_storm(scenario, tmp_path / f"{name}-{number}"))
        return courses

    courses = benchmark.pedantic(storms, rounds=1)  # type: ignore[no-untyped-call]
    click.echo(f"\n{at_once} phones at once, {ROUNDS} x {phones}")
    click.echo(f"{'chain':<8} {'per s':>6} {'p50 ms':>7} {'RA':>5} {'CA':>5} {'tcp':>5} {'dns':>5}  CPU-ms")
    for name, runs in courses.items():
        figures = of(runs)
        benchmark.extra_info[name] = figures
        rate, p50, *spent = figures.values()
        click.echo(f"{name:<8} {rate:6.1f} {p50:7.2f} " + " ".join(f"{each:5.2f}" for each in spent))


def of(courses: list[Course]) -> dict[str, float]:
    """The median of the storms' rates, of all latencies, and CPU-ms per enrollment by process."""
    attempts = [attempt for course in courses for attempt in course.attempts]
    assert all(attempt.enrolled for attempt in attempts)
    rates = [
        len(each.attempts) / (max(a.done for a in each.attempts) - min(a.started for a in each.attempts))
        for each in courses
    ]
    figures = {"per_second": median(rates), "p50_ms": median(a.done - a.started for a in attempts) * 1000}
    for process in ("ra", "ca", "tcp", "dns"):
        spent = sum(course.cpu_seconds.get(process, 0.0) for course in courses)
        figures[f"{process}_cpu_ms"] = spent / len(attempts) * 1000
    return {name: round(value, 2) for name, value in figures.items()}
