"""The page: what it says besides its charts, and how it is put together from the templates beside this."""

import base64
import hashlib
from collections.abc import Iterator
from pathlib import Path

import jinja2
import msgspec
import polars as pl
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from loadtests.report import wording
from loadtests.report.charts import draw
from loadtests.report.failures import failures
from loadtests.results.measures import Percentiles
from loadtests.results.summary import Summary


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


def write_report(path: Path, table: pl.DataFrame, summary: Summary, scenario_text: str) -> None:
    """Write the run's page to `path`: one file that needs nothing else, network included.

    `table` and `summary` are of the same run, `scenario_text` is its `scenario.toml`. The page does not grow
    with the number of attempts.
    """
    path.write_text(render(table, summary, scenario_text), encoding="utf-8")


def render(table: pl.DataFrame, summary: Summary, scenario_text: str) -> str:
    """The page as HTML."""
    environment = _environment()
    drawn = list(draw(table, summary))
    scripts = _scripts(environment) if drawn else []
    return environment.get_template("page.html.j2").render(
        summary=summary,
        tiles=list(tiles(summary)),
        times=list(times(summary)),
        charts=drawn,
        figures={chart.id: chart.figure.to_plotly_json() for chart in drawn},
        failures=failures(table),
        scenario_text=scenario_text,
        scripts=scripts,
        script_sources=[_source(script) for script in scripts],
    )


def tiles(summary: Summary) -> Iterator[Tile]:
    """The run's key numbers."""
    phones, latency, lag = summary.phones, summary.latency_seconds, summary.start_lag_seconds
    yield Tile("enrolled", wording.count(phones.enrolled), f"of {wording.count(phones.intended)} phones")
    yield Tile("failed", wording.count(phones.failed), "phones whose last attempt failed")
    yield Tile("dropped", wording.count(phones.dropped), "phones that never started")
    yield Tile("orphans", wording.count(summary.orphans), "certificates no phone holds")
    duration = f"phones enrolled, over {wording.seconds(summary.duration_seconds)}"
    yield Tile("throughput", wording.rate(summary.throughput_per_second), duration)
    if latency:
        yield Tile("latency p50", wording.seconds(latency.p50), "from the intended start")
        tail = f"p95 {wording.seconds(latency.p95)}, max {wording.seconds(latency.max)}"
        yield Tile("latency p99", wording.seconds(latency.p99), tail)
    if lag:
        yield Tile("start lag p99", wording.seconds(lag.p99), "the generator's own delay")
    yield from _cpu_tiles(summary)


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


def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("loadtests.report", ""),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "seconds": wording.seconds,
        "clock": wording.clock,
        "count": wording.count,
        "share": wording.share,
        "measured": wording.measured,
        "arrivals": wording.arrivals,
    }
    return environment


def _scripts(environment: jinja2.Environment) -> list[Markup]:
    own, _, _ = environment.loader.get_source(environment, "draw.js.j2")  # type: ignore[union-attr]
    return [Markup(get_plotlyjs()), Markup(own)]  # noqa: S704 — both are ours to run, no run's data is in them


def _source(script: str) -> str:
    """The script as the page's content security policy names it: nothing but these may run."""
    return "'sha256-" + base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() + "'"
