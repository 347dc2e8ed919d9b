"""One recorded schedule driven in two ways: by one process, and by several. What both measure must agree."""

import asyncio
import json
from collections.abc import Awaitable
from pathlib import Path

import polars as pl
import pytest

from loadtests.results import table
from loadtests.results.histograms import RESOLUTION, Spread, merged
from loadtests.results.journal import JournalReader
from loadtests.results.measures import Percentiles, percentiles
from loadtests.swarm.worker_report import read_reports
from testbed.web.messages import Request, Response
from tests.loadtests.est_server import EstServer

PHONES = 120
_SPAN_SECONDS = 3.0
_SLOWER_BY_SECONDS = 0.05
_MICROSECOND = 1e-6


def record_schedule(path: Path) -> str:
    """A schedule of bursts and gaps in a file; returns what names it on Locust's command line."""
    times = [_SPAN_SECONDS * (number // 3 * 3) / PHONES for number in range(PHONES)]
    path.write_text("".join(f"{time:.6f}\n" for time in times))
    return json.dumps({"shape": "recorded", "recorded": {"file": str(path)}})


def answer_slowly(server: EstServer) -> None:
    """Let every phone wait for a time that is its request's own: 0.2 to 0.7 s, the same in every run."""
    count = 0

    async def slow(request: Request) -> Response:
        nonlocal count
        count += 1
        await asyncio.sleep(0.2 + 0.5 * (count % PHONES) / PHONES)
        return server.est(request)

    def respond(request: Request) -> Response | Awaitable[Response]:
        return slow(request) if request.method == "POST" else server.est(request)

    server.handle = respond


def table_of(journal: Path) -> pl.DataFrame:
    """Every attempt of the run."""
    return table.build(JournalReader(journal).new())


def exact(journal: Path) -> Percentiles:
    """Percentiles of latency from the intended start, from every attempt."""
    found = percentiles(table_of(journal).filter("enrolled")["latency_seconds"])
    assert found is not None
    return found


def from_histograms(journal: Path) -> Spread:
    """The same from the processes' merged histograms."""
    spread = merged(report.latency for report in read_reports(journal)).spread()
    assert spread is not None
    return spread


def assert_histograms_tell_the_exact_percentiles(journal: Path) -> None:
    told, known = from_histograms(journal), exact(journal)
    assert told.count == PHONES
    for name in ("p50", "p95", "p99", "max"):
        wanted = pytest.approx(getattr(known, name), rel=RESOLUTION, abs=_MICROSECOND)
        assert getattr(told, name) == wanted, name


def assert_both_measured_the_same(one: Path, other: Path) -> None:
    """Within what one run differs from the next: the answers' times are fixed, the machine's part is not."""
    first, second = from_histograms(one), from_histograms(other)
    for name in ("p50", "p95", "p99"):
        assert abs(getattr(first, name) - getattr(second, name)) < _SLOWER_BY_SECONDS, name
