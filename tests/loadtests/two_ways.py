"""One recorded schedule driven in two ways: by one process, and by several. What both measure must agree."""

import asyncio
import base64
import json
import zlib
from collections.abc import Awaitable
from pathlib import Path

import polars as pl
import pytest
from cryptography import x509

from loadtests.results import table
from loadtests.results.histograms import RESOLUTION, Histogram, Spread, merged
from loadtests.results.journal import JournalReader
from loadtests.results.measures import Percentiles, percentiles
from loadtests.swarm.worker_report import read_reports
from testbed.web.messages import Request, Response
from tests.loadtests.est_server import EstServer

PHONES = 120
_SPAN_SECONDS = 3.0
_MICROSECOND = 1e-6


def record_schedule(path: Path) -> str:
    """A schedule of bursts and gaps in a file; returns what names it on Locust's command line."""
    times = [_SPAN_SECONDS * (number // 3 * 3) / PHONES for number in range(PHONES)]
    path.write_text("".join(f"{time:.6f}\n" for time in times))
    return json.dumps({"shape": "recorded", "recorded": {"file": str(path)}})


def answer_slowly(server: EstServer) -> None:
    """Let every phone wait for a time that is its own: 0.2 to 0.7 s, the same in every run."""

    async def slow(request: Request) -> Response:
        name = x509.load_der_x509_csr(base64.b64decode(request.body)).subject.rfc4514_string()
        await asyncio.sleep(0.2 + 0.5 * (zlib.crc32(name.encode()) % PHONES) / PHONES)
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


def assert_no_division_changes_what_is_told(journal: Path) -> None:
    """One process would have counted the same of the very values measured, and so would seven."""
    told = merged(report.latency for report in read_reports(journal))
    for workers in (1, 7):
        parts = [Histogram() for _ in range(workers)]
        for attempt in JournalReader(journal).new():
            parts[attempt.index % workers].record(attempt.done - attempt.intended_start)
        other = merged(part.encode() for part in parts)
        for rank in range(PHONES + 1):
            assert other.percentile(100 * rank / PHONES) == told.percentile(100 * rank / PHONES), rank
        assert other.spread() == told.spread()


def latencies(journal: Path) -> dict[str, float]:
    """Each phone's latency from its intended start."""
    made = JournalReader(journal).new()
    return {attempt.phone: attempt.done - attempt.intended_start for attempt in made}


def assert_both_tell_the_same_but_for_what_the_machine_added(one: Path, other: Path) -> None:
    """No percentile differs by more than the latency of some phone did, and the histogram's resolution."""
    first, second = from_histograms(one), from_histograms(other)
    took, took_too = latencies(one), latencies(other)
    assert len(took) == PHONES
    noise = max(abs(took_too[phone] - seconds) for phone, seconds in took.items())
    for name in ("p50", "p95", "p99", "max"):
        known, found = getattr(first, name), getattr(second, name)
        assert abs(found - known) <= noise + 2 * (RESOLUTION * max(found, known) + _MICROSECOND), name
