"""A hundred thousand phones in one run on this machine: what it takes, and that none of them is lost.

Each one is enrolled, failed or dropped, and the CA's database has one certificate for each that enrolled.
"""

import json
import os
import subprocess
import time
from collections import Counter
from pathlib import Path

import click
import polars as pl
import psutil
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from testbed.ca import database
from tests.processes import ENVIRONMENT, ESTORM

PHONES = int(os.environ.get("ESTORM_BENCH_PHONES", "100000"))
SCENARIO = f"""
name = "a hundred thousand"
seed = 1
[phones]
count = {PHONES}
key = "p-256"
key_pool_size = 50
[arrivals]
closed_phones = 32
[slo]
rules = ["enrolled_share >= 100%", "orphans == 0"]
"""
_POLL_SECONDS = 0.5
_MIB = 1024 * 1024


def peak_memory(process: "subprocess.Popen[bytes]") -> dict[str, list[int]]:
    """Resident bytes of each process of the run while it lasts: the first sample, then the greatest."""
    seen: dict[str, list[int]] = {}
    while process.poll() is None:
        family = [psutil.Process(process.pid)]
        try:
            family += family[0].children(recursive=True)
            for each in family:
                name, rss = role_of(each), each.memory_info().rss
                first, greatest = seen.get(name, [rss, rss])
                seen[name] = [first, max(greatest, rss)]
        except psutil.Error:
            pass
        time.sleep(_POLL_SECONDS)
    return seen


def role_of(process: psutil.Process) -> str:
    words = process.cmdline()
    known = {"locust": "generator", "testbed.ra": "ra", "testbed.ca": "ca"}
    return next((role for word, role in known.items() if word in words), "supervisor")


@pytest.mark.benchmark(group="size")
@pytest.mark.timeout(3600)
def test_none_of_a_hundred_thousand_phones_is_lost(benchmark: BenchmarkFixture, tmp_path: Path) -> None:
    (tmp_path / "size.toml").write_text(SCENARIO)
    command = [*ESTORM, "storm", "size.toml", "--out", "run"]

    def run() -> tuple[dict[str, list[int]], float]:
        began = time.perf_counter()
        with subprocess.Popen(command, cwd=tmp_path, env=ENVIRONMENT, stdout=subprocess.DEVNULL) as process:
            return peak_memory(process), time.perf_counter() - began

    memory, seconds = benchmark.pedantic(run, rounds=1)  # type: ignore[no-untyped-call]
    summary = json.loads((tmp_path / "run" / "summary.json").read_text())
    tell(memory, seconds, summary)
    phones = summary["phones"]
    assert phones["enrolled"] + phones["failed"] + phones["dropped"] == phones["intended"] == PHONES
    enrolled = pl.read_parquet(tmp_path / "run" / "enrollments.parquet").filter("enrolled")
    held = Counter(enrolled["serial"].to_list())
    issued = Counter(each.serial for each in database.issued(tmp_path / "run" / "ca.sqlite"))
    assert held == issued
    assert len(issued) == enrolled["phone"].n_unique() == phones["enrolled"]
    assert phones["enrolled"] == PHONES


def tell(memory: dict[str, list[int]], seconds: float, summary: dict[str, object]) -> None:
    """Print what it took."""
    click.echo(f"\n{summary['phones']} in {seconds:.0f} s, {summary['throughput_per_second']:.0f}/s")
    for name, (first, greatest) in memory.items():
        click.echo(
            f"{name:<10} peak {greatest / _MIB:7.0f} MiB, grown {(greatest - first) / _MIB:7.0f} MiB: "
            f"{(greatest - first) / PHONES:6.0f} bytes a phone"
        )
