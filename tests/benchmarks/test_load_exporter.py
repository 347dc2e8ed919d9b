"""What the load exporter costs the generator: CPU for each enrollment, and the length of a scrape.

The share is of the CPU that one enrollment takes at full speed with everything else on, measured in the same
run; the meter is measured alone, since 2 % drowns in the noise of two whole runs.
"""

import statistics
import time
from pathlib import Path

import click
import httpx
import pytest
from prometheus_client import CollectorRegistry, generate_latest
from pytest_benchmark.fixture import BenchmarkFixture

from exporters.endpoint import metrics_endpoint
from exporters.load.collector import LoadCollector, Reporting, RunFacts
from exporters.load.tally import Ended, Failure
from loadtests.est.tls_stream import Timers
from loadtests.results.journal import Attempt
from loadtests.swarm.metering import Meter
from tests.benchmarks.fixed_answer import serving_fixed_answer, two_cores
from tests.benchmarks.test_generator_alone import generator
from tests.loadtests.attempts import enrolled

ROUNDS = 3
BATCHES, BATCH = 200, 100  # the generator counts ten times a second, at full speed about a hundred at once
HISTOGRAMS = 20
SCRAPES, SCRAPE_INTERVAL_SECONDS = 50, 1.0
WORKERS = 4
MOST_OF_CPU = 0.02
LONGEST_SCRAPE_SECONDS = 0.05


def metering_cpu_seconds() -> float:
    """CPU of counting one enrollment."""
    meter, attempts = Meter(Timers(), "install"), [enrolled(index) for index in range(BATCH)]
    began = time.process_time()
    for _ in range(BATCHES):
        for attempt in attempts:
            meter.begins(scheduled=True, retry=False)
            meter.ends(attempt)
        for attempt in attempts:
            meter.count(attempt)
    return (time.process_time() - began) / (BATCHES * BATCH)


def looping_cpu_seconds() -> float:
    """CPU of the loops around it."""
    attempts: list[Attempt] = [enrolled(index) for index in range(BATCH)]
    began = time.process_time()
    for _ in range(BATCHES):
        for _attempt in attempts:
            pass
        for _attempt in attempts:
            pass
    return (time.process_time() - began) / (BATCHES * BATCH)


def scraping_cpu_seconds() -> float:
    """CPU of one scrape of 20 full histograms."""
    registry = showing([full_meter(0)])
    generate_latest(registry)
    began = time.process_time()
    for _ in range(SCRAPES):
        generate_latest(registry)
    return (time.process_time() - began) / SCRAPES


@pytest.mark.benchmark(group="load exporter")
@pytest.mark.timeout(300)
def test_counting_costs_the_generator_under_2_percent(benchmark: BenchmarkFixture, tmp_path: Path) -> None:
    cores = two_cores()
    with serving_fixed_answer(tmp_path, cores.server) as server:

        def interleave() -> list[tuple[float, float]]:
            found = []
            for _ in range(ROUNDS):
                outcome = generator("premade", server, tmp_path, cores.client)
                metering = metering_cpu_seconds() - looping_cpu_seconds()
                found.append((outcome.cpu_seconds / outcome.enrollments, metering))
            return found

        found = benchmark.pedantic(interleave, rounds=1)  # type: ignore[no-untyped-call]
    counting = statistics.median(metering / whole for whole, metering in found)
    # At full speed the generator uses all of its core, so a scrape each second takes its time's share.
    scraping = scraping_cpu_seconds() / SCRAPE_INTERVAL_SECONDS
    share = counting + scraping
    for whole, metering in found:
        micro = f"enrollment {whole * 1e6:.0f} µs of CPU, counting {metering * 1e6:.1f} µs"
        click.echo(f"{micro}, {metering / whole:.2%}")
    click.echo(f"counting {counting:.2%}, scraping each second {scraping:.2%}")
    benchmark.extra_info["share"] = round(share, 4)
    assert share < MOST_OF_CPU


def showing(meters: list[Meter]) -> CollectorRegistry:
    """A registry that shows what they have counted."""
    snapshots = [meter.snapshot() for meter in meters]
    registry = CollectorRegistry()
    facts = RunFacts("id", 1, "scenario", "target")
    registry.register(LoadCollector(lambda: list(map(Reporting, snapshots)), lambda: facts))
    return registry


def full_meter(number: int) -> Meter:
    """One that has counted into 20 histograms."""
    meter = Meter(Timers(), "install")
    meter.begin(number, 1000, lambda: None)
    for operation in ("install", "renew", "other"):
        for failure in (None, Failure("EST_ERR_SSL_READ", "wait", "read")):
            for thousandth in range(1000):
                seconds = thousandth / 100
                meter.tally.ended(
                    Ended(operation, seconds, seconds, (seconds,) * 6, sent=True, failure=failure)
                )
    meter.tally.loop_lag.observe(0.001)
    return meter


@pytest.mark.benchmark(group="load exporter")
def test_a_scrape_of_20_histograms_takes_under_50_ms(benchmark: BenchmarkFixture) -> None:
    meters = [full_meter(number) for number in range(WORKERS)]
    histograms = len({key for meter in meters for key in meter.snapshot().bins})
    assert histograms >= HISTOGRAMS
    registry = showing(meters)
    with metrics_endpoint(registry) as url, httpx.Client(trust_env=False) as client:
        benchmark(lambda: client.get(url).raise_for_status())
        shown = client.get(url)
    assert benchmark.stats is not None
    click.echo(f"\n{histograms} histograms of {WORKERS} workers, {len(shown.content)} bytes")
    assert benchmark.stats.stats.median < LONGEST_SCRAPE_SECONDS
