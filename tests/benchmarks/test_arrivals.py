"""Whether phones start when they should: asked and started rate, evenness, start jitter.

Against a server with a fixed answer on a core of its own, so that only the generator's part is seen.
"""

import os
import subprocess
import sys
from pathlib import Path

import click
import polars as pl
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from loadtests.arrivals.pacing import Schedule, count_arrivals, examine
from loadtests.phones.csr_file import Header
from loadtests.phones.record_file import write_records
from loadtests.results import table
from loadtests.results.journal import JournalReader
from loadtests.swarm.worker_report import read_reports
from tests.benchmarks.arrivals import variance_over_mean
from tests.benchmarks.fixed_answer import SEED, FixedAnswer, on_core, serving_fixed_answer, two_cores

LOCUSTFILE = Path(__file__).parents[2] / "loadtests" / "locustfile.py"
SECONDS = 8
RATE_TOLERANCE, JITTER_SECONDS = 0.01, 0.005


def run(server: FixedAnswer, directory: Path, core: int, rate: int) -> pl.DataFrame:
    directory.mkdir()
    phones = rate * SECONDS
    requests = directory / "requests"
    # Each is the one that the fixed answer is good for, so that every phone is enrolled.
    write_records(requests, Header("estorm-requests", 1, SEED), [server.csr] * phones, None)
    command = [
        *on_core(core), sys.executable, "-m", "locust", "-f", str(LOCUSTFILE), "--headless", "--only-summary",
        "--exit-code-on-error=0", "--host", server.url, "--trust-anchor", server.trust_anchor,
        "--lsc-chain", server.trust_anchor, "--phones", str(phones), "--arrival-rate", str(rate),
        "--keys-file", server.keys, "--requests-file", str(requests), "--phones-seed", str(SEED),
        "--journal", str(directory),
    ]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True, env=os.environ)
    return table.build(JournalReader(directory).new())


@pytest.mark.benchmark(group="arrivals")
@pytest.mark.timeout(180)
@pytest.mark.parametrize("rate", [50, 200, 500])
def test_phones_start_at_the_rate_asked_for_and_on_time(
    benchmark: BenchmarkFixture, tmp_path: Path, rate: int
) -> None:
    cores = two_cores()
    with serving_fixed_answer(tmp_path, cores.server) as server:
        made = benchmark.pedantic(  # type: ignore[no-untyped-call]
            run, args=(server, tmp_path / "run", cores.client, rate), rounds=1
        )
    schedule = Schedule("constant", float(rate))
    found = count_arrivals(made, schedule, 0)
    health = examine(made, read_reports(tmp_path / "run"), schedule, rate * SECONDS)
    spread = variance_over_mean(made["started"])
    assert found.started_rate is not None
    assert found.start_lag_p99_seconds is not None
    error = found.started_rate / rate - 1
    click.echo(
        f"\n{rate}/s asked: {found.started_rate:.2f}/s started ({error:+.2%}), VMR per 100 ms {spread:.2f}, "
        f"start lag p99 {found.start_lag_p99_seconds * 1000:.2f} ms, {found.late} of {made.height} late; "
        f"generator-bound: {'; '.join(health.reasons) or 'no'}"
    )
    benchmark.extra_info.update(error=error, vmr=spread, lag=found.start_lag_p99_seconds)
    assert (made["est_code"] == 0).all()
    assert abs(error) < RATE_TOLERANCE
    if not health.reasons:
        assert found.start_lag_p99_seconds < JITTER_SECONDS
        assert spread < 0.5
