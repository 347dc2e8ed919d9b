"""The report's charts, each with the words that say what it shows."""

import html
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import plotly.graph_objects as go
import polars as pl

from chaos.annotations import FaultTime
from loadtests.report import plot, wording
from loadtests.report.series import PARTS_OF_LATENCY, Distribution, Timeline, distribution, timeline
from loadtests.results.measures import Attempts, Percentiles
from loadtests.results.summary import Summary
from testbed.est_errors import EstError

_SINCE_START = "seconds since the first intended start"
_DECADES = range(-5, 6)
_FEWEST_ROWS, _ROW_PIXELS = 5, 53
_LABEL_CHARACTERS = 48

_PARTS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "start_lag": ("start lag (generator)", plot.GREY),
        "connect": ("connect", plot.SKY),
        "tls": ("TLS handshake", plot.BLUE),
        "send": ("send", plot.GREEN),
        "wait": ("wait (RA and CA)", plot.ORANGE),
        "read": ("read", plot.PURPLE),
        "check": ("check", plot.VERMILION),
        "other": ("other", plot.LIGHT_GREY),
    }
)


@dataclass(frozen=True, slots=True)
class Chart:
    """One chart; `caption` says what to read out of it, for those who cannot see it too."""

    id: str
    title: str
    caption: str
    figure: go.Figure


def draw(table: pl.DataFrame, summary: Summary) -> Iterator[Chart]:
    """Every chart that the run has data for, in the page's order."""
    over_time, spread = timeline(table), distribution(table)
    if over_time is None:
        return
    shades = _shades(table, summary.faults)
    yield _shaded(_throughput(over_time), shades)
    yield _shaded(_backlog(over_time), shades)
    if spread and summary.latency_seconds:
        yield _shaded(_latency(over_time), shades)
        yield _spread(spread, summary.latency_seconds)
        yield _shaded(_stages(over_time), shades)
    yield _outcomes(summary.attempts)


def _shades(table: pl.DataFrame, faults: tuple[FaultTime, ...]) -> list[tuple[float, float, str]]:
    """Begin and end of each fault on the charts' scale, and its name."""
    start, last = table.select(pl.min("intended_start"), pl.max("done")).row(0)
    return [
        (max(fault.started - start, 0.0), (fault.ended or last) - start, fault.name.partition("#")[0])
        for fault in faults
        if fault.started is not None
    ]


def _shaded(chart: Chart, shades: list[tuple[float, float, str]]) -> Chart:
    """The chart, with the times of faults shaded."""
    for begin, end, name in shades:
        plot.shade(chart.figure, begin, end, name)
    caption = f"{chart.caption} Shaded: faults struck on purpose." if shades else chart.caption
    return replace(chart, caption=caption)


def _throughput(over_time: Timeline) -> Chart:
    bins = over_time.bins
    lines = [
        plot.line(bins["seconds"], bins["intended"], "intended", plot.GREY, "dot"),
        plot.line(bins["seconds"], bins["enrolled"], "enrolled", plot.BLUE, "solid"),
        plot.line(bins["seconds"], bins["failed"], "failed", plot.VERMILION, "dash"),
    ]
    caption = (
        "Attempts per second: meant to start, ended enrolled, ended failed. "
        f"Each point covers {wording.seconds(over_time.width_seconds)}."
    )
    return Chart("throughput", "Throughput", caption, plot.figure(lines, _SINCE_START, "attempts per second"))


def _latency(over_time: Timeline) -> Chart:
    bins = over_time.bins
    styles = (("p50", plot.BLUE, "solid"), ("p95", plot.PURPLE, "dash"), ("p99", plot.VERMILION, "dot"))
    lines = [plot.line(bins["seconds"], bins[name], name, colour, dash) for name, colour, dash in styles]
    caption = (
        "Latency of enrolled attempts from their intended start, by when they were meant to start. "
        "A gap: nothing that was meant to start then enrolled."
    )
    return Chart("latency", "Latency percentiles", caption, plot.figure(lines, _SINCE_START, "seconds"))


def _backlog(over_time: Timeline) -> Chart:
    bins = over_time.bins
    moments = _from_zero(bins["end_seconds"])
    lines = [
        plot.line(moments, _from_zero(bins["total_intended"]), "meant to start", plot.GREY, "dot"),
        plot.line(moments, _from_zero(bins["total_ended"]), "ended", plot.PURPLE, "dash"),
        plot.line(moments, _from_zero(bins["total_enrolled"]), "ended enrolled", plot.BLUE, "solid"),
    ]
    caption = (
        "Attempts up to each moment. Between the first two lines lies what was under way, "
        "between the last two what failed."
    )
    figure = plot.figure(lines, _SINCE_START, "attempts")
    return Chart("backlog", "Arrivals and completions", caption, figure)


def _spread(spread: Distribution, latency: Percentiles) -> Chart:
    bins = spread.bins
    middles = ((bins["low_seconds"] * bins["high_seconds"]).log10() / 2).round(4).to_list()
    bars = go.Bar(
        x=middles, y=bins["latency"].to_list(), name="latency", marker={"color": plot.BLUE},
        hovertemplate="%{y:.2%}",
    )  # fmt: skip
    outline = go.Scatter(
        x=middles, y=bins["service_time"].to_list(), name="service time", mode="lines",
        line={"color": plot.VERMILION, "width": 2, "shape": "hvh"},
        hovertemplate="%{y:.2%}",
    )  # fmt: skip
    figure = plot.figure([bars, outline], "time, logarithmic", "share of enrolled attempts")
    figure.update_layout(bargap=0.06, yaxis_tickformat="~%", xaxis_rangemode="normal")
    figure.update_xaxes(**_time_ticks(middles[0], middles[-1]))
    caption = (
        "How enrolled attempts spread, from the intended start (latency) and from the real one (service "
        f"time): half within {wording.seconds(latency.p50)}, 99 % within {wording.seconds(latency.p99)}, "
        f"all within {wording.seconds(latency.max)}."
    )
    return Chart("distribution", "Latency distribution", caption, figure)


def _stages(over_time: Timeline) -> Chart:
    bins = over_time.bins
    bars = [
        go.Bar(
            x=bins["seconds"].to_list(), y=bins[part].to_list(), name=_PARTS[part][0],
            marker={"color": _PARTS[part][1], "line": {"width": 0}}, hovertemplate="%{y:.3~s}s",
        )
        for part in PARTS_OF_LATENCY
    ]  # fmt: skip
    figure = plot.figure(bars, _SINCE_START, "mean seconds").update_layout(barmode="stack", bargap=0)
    caption = (
        "Mean time in each stage of enrolled attempts, by when they were meant to start. "
        "A bar's height is their mean latency; other is what no stage accounts for."
    )
    return Chart("stages", "Where the time goes", caption, figure)


def _outcomes(attempts: Attempts) -> Chart:
    names, counts = list(attempts.outcomes), list(attempts.outcomes.values())
    labels = [_label(name, count, attempts.total) for name, count in attempts.outcomes.items()]
    bars = go.Bar(
        x=counts, y=labels, orientation="h", width=0.6, hoverinfo="skip",
        marker={"color": [plot.BLUE if name == str(EstError.NONE) else plot.VERMILION for name in names]},
    )  # fmt: skip
    rows = max(len(names), _FEWEST_ROWS)
    figure = plot.figure([bars], "attempts", "").update_layout(height=_ROW_PIXELS * (rows + 1))
    figure.update_yaxes(range=[rows - 0.5, -0.5], showgrid=False, ticksuffix=" ")
    caption = "All attempts, retries included, by the EST error they ended with; EST_ERR_NONE is success."
    return Chart("outcomes", "Outcomes", caption, figure)


def _label(name: str, count: int, total: int) -> str:
    # Plotly reads its labels as a little HTML.
    shown = html.escape(name[:_LABEL_CHARACTERS], quote=False)
    return f"{shown}<br>{wording.count(count)} ({wording.share(count / total)})"


def _from_zero(totals: pl.Series) -> pl.Series:
    return pl.concat([pl.Series([0]).cast(totals.dtype), totals])


def _time_ticks(low: float, high: float) -> dict[str, list[float] | list[str]]:
    """Ticks at 1, 2 and 5 of each decade (1 alone over many) for an axis of log10 seconds."""
    steps = (1, 2, 5) if high - low < 3.5 else (1,)
    times = [step * 10.0**decade for decade in _DECADES for step in steps]
    return {
        "tickvals": [round(math.log10(time), 4) for time in times],
        "ticktext": [wording.seconds(time) for time in times],
        "range": [low - 0.1, high + 0.1],
    }
