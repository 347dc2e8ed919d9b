"""A plan's charts: phones over the window, who is busy, what each spacing bears, what a change brings."""

from collections.abc import Iterator

import plotly.graph_objects as go
import polars as pl

from loadtests.planning.document import Plan
from loadtests.planning.wording import batched
from loadtests.report import plot
from loadtests.report.chart import Chart
from loadtests.report.wording import count, share, span

_HOURS_FROM_SECONDS, _MINUTES_FROM_SECONDS = 2 * 3600.0, 180.0
_LABEL_CHARACTERS = 60


def draw(plan: Plan) -> Iterator[Chart]:
    """Every chart that the plan has data for, in the page's order."""
    if plan.timeline and plan.batches:
        yield _phones(plan)
        yield _busy(plan)
    if any(each.largest_batch for each in plan.candidates):
        yield _bearing(plan)
    if plan.suggestions:
        yield _changes(plan)


def _phones(plan: Plan) -> Chart:
    assert plan.batches
    moments, name = _moments(plan)
    lines = [
        plot.line(moments, _column(plan, "started"), "started", plot.GREY, "dot"),
        plot.line(moments, _column(plan, "enrolled"), "enrolled", plot.BLUE, "solid"),
    ]
    figure = plot.figure(lines, name, "phones")
    scale = _scale(plan)[0]
    figure.add_vline(x=plan.asked.window_seconds / scale, line_dash="dash", line_color=plot.VERMILION)
    caption = (
        f"Phones that began and phones that are done, in one simulation of the plan: "
        f"{batched(plan.batches)}. The upright line is the window's end."
    )
    return Chart("phones", "Phones over the window", caption, figure)


def _busy(plan: Plan) -> Chart:
    moments, name = _moments(plan)
    lines = [plot.line(moments, _column(plan, "under_way"), "tries under way", plot.GREY, "dot")]
    if plan.timeline[0].ra_workers_busy is not None:
        busy = _column(plan, "ra_workers_busy")
        lines.append(plot.line(moments, busy, "RA workers busy", plot.BLUE, "solid"))
    lines.append(plot.line(moments, _column(plan, "failed_tries"), "tries failed", plot.VERMILION, "dash"))
    caption = (
        "On average in each slice: tries under way, and RA workers that serve one. Where they lie apart, "
        "phones wait. Tries that failed are counted by slice."
    )
    return Chart("busy", "RA workers and who waits", caption, plot.figure(lines, name, "tries, workers"))


def _bearing(plan: Plan) -> Chart:
    bars = go.Bar(
        x=[span(each.spacing_seconds) for each in plan.candidates],
        y=[each.rate_per_second for each in plan.candidates],
        text=[count(each.largest_batch) for each in plan.candidates],
        marker={"color": plot.BLUE}, hovertemplate="%{y:.4~s}/s",
    )  # fmt: skip
    figure = plot.figure([bars], "a batch every", "phones per second")
    needed = plan.asked.phones / plan.asked.window_seconds
    figure.add_hline(y=needed, line_dash="dash", line_color=plot.VERMILION)
    caption = (
        "What the largest batches that hold bring through, by the time between them; on the bars their size. "
        "The level line is what the window needs."
    )
    return Chart("bearing", "What the chain bears", caption, figure)


def _changes(plan: Plan) -> Chart:
    shown = plan.suggestions[::-1]
    bars = go.Bar(
        x=[each.gain.expected for each in shown], orientation="h", marker={"color": plot.BLUE},
        y=[f"{each.change[:_LABEL_CHARACTERS]} " for each in shown], hovertemplate="%{x:.3g} times",
        error_x={
            "type": "data", "symmetric": False, "color": plot.GREY,
            "array": [each.gain.high - each.gain.expected for each in shown],
            "arrayminus": [each.gain.expected - each.gain.low for each in shown],
        },
    )  # fmt: skip
    figure = plot.figure([bars], "times as many phones", "").update_layout(height=60 + 32 * len(shown))
    figure.add_vline(x=1, line_dash="dot", line_color=plot.GREY)
    best = plan.suggestions[0]
    caption = "How many times as many phones a changed chain bears at the plan's spacing."
    if best.gain.expected > 1:
        caption += f" First: {best.change}, {share(best.gain.expected - 1)} more."
    return Chart("changes", "What to change first", caption, figure)


def _moments(plan: Plan) -> tuple[pl.Series, str]:
    scale, unit = _scale(plan)
    return pl.Series([each.seconds / scale for each in plan.timeline]), f"{unit} since the first batch"


def _scale(plan: Plan) -> tuple[float, str]:
    longest = max(plan.timeline[-1].seconds, plan.asked.window_seconds)
    if longest >= _HOURS_FROM_SECONDS:
        return 3600.0, "hours"
    return (60.0, "minutes") if longest >= _MINUTES_FROM_SECONDS else (1.0, "seconds")


def _column(plan: Plan, name: str) -> pl.Series:
    return pl.Series([getattr(each, name) for each in plan.timeline])
