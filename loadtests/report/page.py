"""The page: what it says besides its charts, and how it is put together from the templates beside this."""

import itertools
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

import msgspec
import polars as pl

from exporters import pictures
from loadtests.report import wording
from loadtests.report.chart import NIGHT, TUNING, Chart
from loadtests.report.charts import draw
from loadtests.report.evidence import Evidence
from loadtests.report.failing import failed_attempts
from loadtests.report.failures import failures
from loadtests.report.rendering import rendered
from loadtests.results.measures import Percentiles
from loadtests.results.summary import Summary

_TIMED_OUT = "curl_28"
_ABOUT: Mapping[str, str] = MappingProxyType(
    {
        NIGHT: "How many phones have their certificate, how fast, who fails, and whether it is the CA: the "
        "panels of the Grafana dashboard of that name, drawn from this run's own files.",
        TUNING: "How much of each timer was used, who came close to it, and what another value would have "
        "cut off: the panels of the Grafana dashboard of that name. Where all is low, no timer mattered.",
        "": "Totals, and how times and outcomes spread.",
    }
)


class Tile(msgspec.Struct, frozen=True):
    """One key number: what it is, the number, and what helps to read it."""

    label: str
    number: str
    detail: str


class TimeRow(msgspec.Struct, frozen=True):
    """One row of the table of times; `times` is None when there were none."""

    label: str
    meaning: str
    times: Percentiles | None


class TimerRow(msgspec.Struct, frozen=True):
    """One row of the table of timers: whose, which, what it was set to, and how many it ended."""

    side: str
    timer: str
    seconds: float
    ended: int


class Section(msgspec.Struct, frozen=True):
    """Charts under one heading."""

    title: str
    about: str
    charts: list[Chart]


def write_report(
    path: Path, table: pl.DataFrame, summary: Summary, scenario_text: str, evidence: Evidence | None = None
) -> None:
    """Write the run's page to `path`: one file that needs nothing else, network included.

    `table` and `summary` are of the same run, `scenario_text` is its `scenario.toml`, `evidence` what else it
    left. The page does not grow
    with the number of attempts.
    """
    path.write_text(render(table, summary, scenario_text, evidence), encoding="utf-8")


def render(
    table: pl.DataFrame, summary: Summary, scenario_text: str, evidence: Evidence | None = None
) -> str:
    """The page as HTML."""
    evidence = (evidence or Evidence()).during(table)
    failed = failed_attempts(table)
    drawn = list(draw(table, summary, evidence, failed))
    return rendered(
        "page.html.j2",
        drawn,
        summary=summary,
        tiles=list(tiles(summary, failed["timer"].count())),
        timers=list(timer_rows(evidence, failed)),
        times=list(times(summary)),
        sections=list(_sections(drawn)),
        failures=failures(table),
        scenario_text=scenario_text,
    )


def tiles(summary: Summary, timed_out: int = 0) -> Iterator[Tile]:
    """The run's key numbers; `timed_out` is how many attempts a timer of the phones' side ended."""
    phones, latency, lag = summary.phones, summary.latency_seconds, summary.start_lag_seconds
    attempts = summary.attempts.total
    enrolled = f"of {wording.count(phones.intended)} phones"
    yield Tile(pictures.ENROLLED.title, wording.count(phones.enrolled), enrolled)
    yield Tile(pictures.LEFT.title, wording.count(phones.dropped), "phones that never started, or were lost")
    yield Tile(
        pictures.FAILED_FOR_GOOD.title, wording.count(phones.failed), "phones whose last attempt failed"
    )
    share = wording.share(timed_out / attempts) if attempts else wording.UNKNOWN
    counted = f"{wording.count(timed_out)} of {wording.count(attempts)} attempts"
    yield Tile(pictures.TIMEOUT_SHARE.title, share, counted)
    yield Tile(pictures.ORPHANS.title, wording.count(summary.orphans), "certificates no phone holds")
    duration = f"phones enrolled, over {wording.seconds(summary.duration_seconds)}"
    yield Tile("Throughput", wording.rate(summary.throughput_per_second), duration)
    if latency:
        yield Tile("Latency p50", wording.seconds(latency.p50), "from the intended start")
        tail = f"p95 {wording.seconds(latency.p95)}, max {wording.seconds(latency.max)}"
        yield Tile("Latency p99", wording.seconds(latency.p99), tail)
    if lag:
        yield Tile("Start lag p99", wording.seconds(lag.p99), "the generator's own delay")
    yield from _cpu_tiles(summary)


def timer_rows(evidence: Evidence, failed: pl.DataFrame) -> Iterator[TimerRow]:
    """What the timers were set to, and how often each ended an attempt or a call."""
    for timer, seconds in evidence.phone_timers.items():
        yield TimerRow(pictures.PHONE_TIMERS.title, timer, seconds, failed.filter(timer=timer).height)
    calls = evidence.failed_calls.filter(cause=_TIMED_OUT)
    for timer in (timer for timer in pictures.TIMED_CALLS if timer in evidence.ra_timers):
        ended = calls.filter(stage=timer).height
        yield TimerRow(pictures.RA_TIMERS.title, timer, evidence.ra_timers[timer], ended)


def times(summary: Summary) -> Iterator[TimeRow]:
    """The distributions the run measured, the whole first, then its stages."""
    stages = summary.stage_seconds
    yield TimeRow("latency", "intended start to end", summary.latency_seconds)
    yield TimeRow("service time", "real start to end", summary.service_time_seconds)
    yield TimeRow("start lag", "intended to real start, failed attempts too", summary.start_lag_seconds)
    for name, meaning in (
        ("connect", "TCP connection to the EST server"),
        ("tls", "TLS handshake"),
        ("send", "writing the request"),
        ("wait", "request sent to first byte: RA and CA"),
        ("read", "first to last byte of the answer"),
        ("check", "CAPF's checks of the LSC"),
    ):
        yield TimeRow(name, meaning, getattr(stages, name))


def _cpu_tiles(summary: Summary) -> Iterator[Tile]:
    enrolled = summary.phones.enrolled
    for part in ("generator", "ra", "ca"):
        spent: float | None = getattr(summary.cpu_seconds, part)
        name = part if part == "generator" else part.upper()
        each = f"{wording.seconds(spent / enrolled)} for each enrolled phone" if spent and enrolled else ""
        yield Tile(f"CPU {name}", wording.seconds(spent), each)


def _sections(drawn: Iterable[Chart]) -> Iterator[Section]:
    for board, charts in itertools.groupby(drawn, lambda chart: chart.board):
        yield Section(board or "The run as a whole", _ABOUT[board], list(charts))
