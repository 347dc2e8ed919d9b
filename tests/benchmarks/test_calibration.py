"""`estorm calibrate` on a large IIS log: how fast, and in how much memory."""

import resource
import subprocess
import sys
import time
from pathlib import Path

from pytest_benchmark.fixture import BenchmarkFixture

from tests.iis_log import write_log

LARGE_BYTES, MOST_BYTES = 400_000_000, 500_000_000


def test_a_large_log_is_read_in_bounded_memory(benchmark: BenchmarkFixture, tmp_path: Path) -> None:
    written = write_log(tmp_path / "u_ex190116.log", LARGE_BYTES)
    command = (sys.executable, "-m", "loadtests", "calibrate", "u_ex190116.log")
    started = time.perf_counter()
    said = list[bytes]()
    benchmark.pedantic(lambda: said.append(subprocess.check_output(command, cwd=tmp_path)))  # type: ignore[no-untyped-call]
    megabytes_a_second = written.size_bytes / 1e6 / (time.perf_counter() - started)
    peak_bytes = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
    benchmark.extra_info.update(megabytes_a_second=megabytes_a_second, peak_bytes=peak_bytes)
    assert f"of {written.requests['submit', '200']} requests".encode() in said[0]
    assert peak_bytes < MOST_BYTES
