"""An IIS log through `estorm logs backfill`, beside mtail and `grep -c` in the same run; memory flat.

ESTORM_BENCH_LOG_MB says how large the log is (default 300; gigabytes take the time that they take).
"""

import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from tests.iis_log import Written, write_log

MEGABYTES = int(os.environ.get("ESTORM_BENCH_LOG_MB", "300"))
ROUNDS = 3
# The same question: requests by page and status, response times by page.
PROGRAM = r"""
counter requests by page, status
histogram taken by page buckets 1, 5, 10, 50, 100, 500, 1000, 5000, 10000, 20000, 60000
/^(?P<date>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) \S+ \S+ (?P<page>\S+) .* (?P<status>\d+) \d+ \d+ (?P<ms>\d+)\r?$/ {
  strptime($date, "2006-01-02 15:04:05")
  requests[$page][$status]++
  taken[$page] = $ms
}
"""


@dataclass(frozen=True)
class Ran:
    """What a program took."""

    seconds: float
    cpu_seconds: float
    peak_bytes: int


def run(arguments: list[str], out: Path) -> Ran:
    """Run a program to its end, its output into a file."""
    started = time.perf_counter()
    with (
        out.open("wb") as file,
        subprocess.Popen(arguments, stdout=file, stderr=subprocess.DEVNULL) as process,
    ):
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, arguments
    seconds = time.perf_counter() - started
    return Ran(seconds, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024)


def backfill(log: Path) -> Ran:
    main = "from loadtests.entry import main; main()"
    out = log.with_suffix(".om")
    return run(
        [sys.executable, "-c", main, "logs", "backfill", str(log), "--out", str(out)], log.with_suffix(".out")
    )


def mtail(log: Path) -> Ran:
    program = log.with_name("iis.mtail")
    program.write_text(PROGRAM)
    return run(["mtail", "-one_shot", "-progs", str(program), "-logs", str(log)], log.with_suffix(".mtail"))


def grep(log: Path) -> Ran:
    return run(["grep", "-c", "certfnsh", str(log)], log.with_suffix(".grep"))


def counted(log: Path) -> dict[tuple[str, str], int]:
    """The last value of each request counter in the backfill."""
    last = {}
    for line in log.with_suffix(".om").read_text().splitlines():
        if line.startswith("estorm_ca_requests_total{"):
            labels, value, _ = line.removeprefix("estorm_ca_requests_total").rsplit(" ", 2)
            _, stage, _, status, _ = labels.split('"')
            last[stage, status] = int(float(value))
    return last


def described(name: str, written: Written, ran: Sequence[Ran]) -> str:
    return (
        f"{name} {speed(written, [each.seconds for each in ran]):.0f} MB/s "
        f"({speed(written, [each.cpu_seconds for each in ran]):.0f} MB per CPU-second, "
        f"{max(each.peak_bytes for each in ran) / 1e6:.0f} MB of memory)"
    )


def speed(written: Written, seconds: Sequence[float]) -> float:
    """Megabytes per second; a grep is done in less than the kernel's tick."""
    return written.size_bytes / 1e6 / max(0.001, statistics.median(seconds))


@pytest.mark.benchmark(group="logs")
@pytest.mark.timeout(3600)
def test_an_iis_log_beside_mtail_and_grep(benchmark: BenchmarkFixture, tmp_path: Path) -> None:
    if not shutil.which("mtail"):
        pytest.skip("there is no mtail (Debian: mtail)")
    log = tmp_path / "u_ex190116.log"
    written = write_log(log, MEGABYTES * 1_000_000)
    rounds: list[tuple[Ran, Ran, Ran]] = []
    benchmark.pedantic(lambda: rounds.append((backfill(log), mtail(log), grep(log))), rounds=ROUNDS)  # type: ignore[no-untyped-call]
    assert counted(log) == dict(written.requests)
    columns = dict(zip(("estorm logs backfill", "mtail", "grep -c"), zip(*rounds, strict=True), strict=True))
    shown = "; ".join(described(name, written, ran) for name, ran in columns.items())
    click.echo(f"\n{written.size_bytes / 1e6:.0f} MB, {written.rows} rows, starts included: {shown}")
    ours, theirs, _ = (speed(written, [each.cpu_seconds for each in ran]) for ran in columns.values())
    benchmark.extra_info.update(ours_mb_cpu_s=ours, mtail_mb_cpu_s=theirs)
    assert ours > theirs


@pytest.mark.benchmark(group="logs")
@pytest.mark.timeout(3600)
def test_memory_does_not_grow_with_the_log(benchmark: BenchmarkFixture, tmp_path: Path) -> None:
    peaks: list[int] = []

    def measure() -> None:
        for part in (8, 1):
            log = tmp_path / f"u_ex19011{part}.log"
            write_log(log, MEGABYTES * 1_000_000 // part)
            peaks.append(backfill(log).peak_bytes)
            log.unlink()

    benchmark.pedantic(measure, rounds=1)  # type: ignore[no-untyped-call]
    click.echo(
        f"\nan eighth of {MEGABYTES} MB takes {peaks[0] / 1e6:.0f} MB, the whole {peaks[1] / 1e6:.0f} MB"
    )
    assert peaks[1] < 1.25 * peaks[0] + 20e6
