"""The gauge runs on gevent, which this process does not: each test is a process of its own."""

import subprocess
import sys
from pathlib import Path

import pytest

from loadtests.results.histograms import merged
from loadtests.swarm.worker_report import WorkerReport, read_reports, report_path

PROGRAM = """
import sys, time
from pathlib import Path
import gevent
from loadtests.swarm.gauge import Gauge
from loadtests.arrivals.schedule import Shard
from loadtests.swarm.worker_report import read_reports
from tests.loadtests.attempts import enrolled, failed

cpu = iter([1.0, 4.0, 100.0])
told = []
gauge = Gauge(Path(sys.argv[1]), Shard(1, 2), 7, lambda attempt, size: told.append(size), lambda: next(cpu))
gauge.start()
(begun,) = read_reports(Path(sys.argv[1]).parent)
assert (begun.ended, begun.cpu_seconds) == (False, 0.0)
gauge.took(enrolled(lag=0.25, latency=1.0), 900)
gauge.took(failed(latency=9.0), 0)
gevent.sleep(0.1)
time.sleep(float(sys.argv[2]))
gevent.sleep(0.1)
gauge.arrivals_over()
gauge.arrivals_over()
assert told == [900, 0]
gauge.took(enrolled(lag=0.25, latency=1.0), 901)
gauge.close(ended=True)
assert told == [900, 0, 901]
"""


def gauged(directory: Path, stall_seconds: float = 0.0) -> WorkerReport:
    path = report_path(directory, 1)
    subprocess.run([sys.executable, "-c", PROGRAM, str(path), str(stall_seconds)], check=True)
    (report,) = read_reports(directory)
    return report


def test_a_report_says_whose_it_is_and_what_its_phones_took(tmp_path: Path) -> None:
    report = gauged(tmp_path)
    assert (report.number, report.workers, report.phones, report.ended) == (1, 2, 7, True)
    latency, service = merged([report.latency]), merged([report.service_time])
    assert latency.count == 2
    assert latency.percentile(99) == pytest.approx(1.0, rel=1e-3)
    assert service.percentile(99) == pytest.approx(0.75, rel=1e-3)
    assert merged([report.start_lag]).count == 3


def test_cpu_counts_while_phones_start_and_no_longer(tmp_path: Path) -> None:
    report = gauged(tmp_path)
    assert report.cpu_seconds == 3.0
    assert report.cpu_share == pytest.approx(3.0 / report.wall_seconds)


def test_a_stalled_event_loop_is_seen(tmp_path: Path) -> None:
    assert merged([gauged(tmp_path, 0.4).event_loop_lag]).percentile(100) > 0.3
