"""The report's charts, each with the words that say what it shows."""

import math
from collections.abc import Iterator

import plotly.graph_objects as go
import polars as pl

from loadtests.report import plot, wording
from loadtests.report.chart import SINCE_START, Chart, shaded, shades_of
from loadtests.report.evidence import Evidence
from loadtests.report.grid import grid_of
from loadtests.report.night import Night, failures, is_it_the_ca, progress
from loadtests.report.series import Distribution, Timeline, distribution, timeline
from loadtests.report.timer_charts import CUT_OFF_ID, timer_charts
from loadtests.results.measures import Attempts, Percentiles
from loadtests.results.summary import Summary
from testbed.est_errors import EstError

__all__ = ["Chart", "draw"]

_DECADES = range(-5, 6)
_FEWEST_ROWS, _ROW_PIXELS = 5, 53


def draw(table: pl.DataFrame, summary: Summary, evidence: Evidence, failed: pl.DataFrame) -> Iterator[Chart]:
    """Every chart that the run has data for, in the page's order; `failed` are its failed attempts."""
    over_time, spread = timeline(table), distribution(table)
    if over_time is None:
        return
    night = Night(
        table, failed, evidence, grid_of(table), over_time, summary.phones.intended,
        shades_of(table, summary.faults),
    )  # fmt: skip
    for panels in (progress, failures, is_it_the_ca, timer_charts):
        yield from (
            chart if chart.id == CUT_OFF_ID else shaded(chart, night.shades) for chart in panels(night)
        )
    yield shaded(_backlog(over_time), night.shades)
    if spread and summary.latency_seconds:
        yield _spread(spread, summary.latency_seconds)
    yield _outcomes(summary.attempts)


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
    figure = plot.figure(lines, SINCE_START, "attempts")
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
    return f"{plot.words(name)}<br>{wording.count(count)} ({wording.share(count / total)})"


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
