"""The charts of a comparison: what changed by how much, the runs' latencies, when their phones were done."""

from collections.abc import Iterator, Sequence

import numpy as np
import plotly.graph_objects as go
import polars as pl

from loadtests.comparison.document import Compared, Report
from loadtests.comparison.finding import Finding, Verdict
from loadtests.comparison.observed import Array, Observed
from loadtests.report import plot, wording
from loadtests.report.chart import SINCE_START, Chart

_COLOURS = {
    Verdict.REGRESSION: plot.VERMILION, Verdict.IMPROVEMENT: plot.GREEN, Verdict.SAME: plot.BLUE,
    Verdict.UNCLEAR: plot.GREY,
}  # fmt: skip
# Fine where the last in a hundred are, however many attempts there were.
_SHARES = np.unique(np.concatenate([np.linspace(0.005, 0.99, 198), 1 - np.geomspace(0.01, 0.0001, 41)]))
_MOST_STEPS = 300
# Intervals are drawn to where the largest change would be so many times as large.
_WIDEST, _LEAST_EDGE = 5, 0.5
_LINES_APART = len(plot.PALETTE)


def draw(
    report: Report, baseline: Sequence[Observed], sides: Sequence[Sequence[Observed]]
) -> Iterator[Chart]:
    """Every chart that there are data for; `sides` are those of `report.compared`, in order."""
    for number, compared in enumerate(report.compared):
        known = [each for each in compared.findings if each.low is not None and each.high is not None]
        if known:
            yield _changes(number, compared, known, report.tolerance)
    runs = [*((run, True) for run in baseline), *((run, False) for side in sides for run in side)]
    if any(len(run.latencies) for run, _ in runs):
        yield _latencies(runs)
        yield _done(runs)


def _changes(number: int, compared: Compared, known: Sequence[Finding], tolerance: float) -> Chart:
    traces = []
    for verdict, colour in _COLOURS.items():
        chosen = [each for each in known if each.verdict is verdict]
        if chosen:
            traces.append(_intervals(chosen, str(verdict), colour))
    figure = plot.figure(traces, "now over before, less 1", "")
    figure.update_layout(hovermode="closest", showlegend=True)
    figure.update_xaxes(tickformat="+~%", rangemode="normal", range=_shown_changes(known))
    names = [plot.words(each.metric) for each in reversed(known)]
    figure.update_yaxes(categoryorder="array", categoryarray=names, rangemode="normal")
    plot.shade(figure, 1 / (1 + tolerance) - 1, tolerance, "no change")
    caption = (
        "Each mark is the change of a metric, with its interval. Shaded: what the tolerance takes for no "
        "change. A regression is an interval that lies wholly beyond it, on the side that is worse. "
        "Ends that are off the chart are in the table."
    )
    return Chart(f"changes-{number}", f"Changes: {', '.join(compared.runs)}", caption, figure)


def _shown_changes(known: Sequence[Finding]) -> tuple[float, float] | None:
    """Where the axis ends when intervals are so wide that nothing else could be seen; None: where they do."""
    edge = max(_LEAST_EDGE, *(_WIDEST * abs((each.ratio or 1.0) - 1) for each in known))
    if max((each.high or 0.0) - 1 for each in known) <= edge:
        return None
    return min((each.low or 0.0) - 1 for each in known) - _LEAST_EDGE / 10, edge


def _intervals(chosen: Sequence[Finding], name: str, colour: str) -> go.Scatter:
    ratios = [each.ratio or 0.0 for each in chosen]
    return go.Scatter(
        x=[ratio - 1 for ratio in ratios], y=[plot.words(each.metric) for each in chosen], name=name,
        mode="markers", marker={"color": colour, "size": 9},
        error_x={
            "type": "data", "symmetric": False, "color": colour, "thickness": 2,
            "array": [(each.high or 0.0) - ratio for each, ratio in zip(chosen, ratios, strict=True)],
            "arrayminus": [ratio - (each.low or 0.0) for each, ratio in zip(chosen, ratios, strict=True)],
        },
        hovertemplate="%{y}: %{x:+.1%}<extra></extra>",
    )  # fmt: skip


def _latencies(runs: Sequence[tuple[Observed, bool]]) -> Chart:
    lines = [
        _line(place, run, is_baseline, *_distribution(run.latencies))
        for place, (run, is_baseline) in enumerate(runs)
        if len(run.latencies)
    ]
    figure = plot.figure(lines, "latency, logarithmic", "share of attempts that took no longer")
    ticks = [digit * 10.0**power for power in range(-6, 7) for digit in (1, 2, 5)]
    figure.update_xaxes(
        type="log", rangemode="normal", tickvals=ticks, ticktext=[wording.seconds(each) for each in ticks]
    )
    figure.update_yaxes(tickformat="~%", range=[0, 1.01])
    figure.update_layout(showlegend=True, hovermode="closest")
    caption = (
        "Attempts that enrolled, from their intended start. A line further to the right is a slower run; "
        "where lines part only at the top, only the slowest became slower."
    )
    return Chart("latencies", "Latency distribution", caption, figure)


def _distribution(latencies: Array) -> tuple[Array, Array]:
    """Latencies and the shares of attempts that took no longer."""
    shares = _SHARES[1 - 1 / len(latencies) >= _SHARES] if len(latencies) > 1 else _SHARES[:0]
    shares = np.append(shares, 1.0)
    return np.quantile(latencies, shares, method="inverted_cdf"), shares


def _done(runs: Sequence[tuple[Observed, bool]]) -> Chart:
    lines = [
        _line(place, run, is_baseline, *_progress(run.ends))
        for place, (run, is_baseline) in enumerate(runs)
        if run.enrolled
    ]
    figure = plot.figure(lines, SINCE_START, "phones enrolled")
    figure.update_layout(showlegend=True)
    caption = "Phones that had enrolled by then. A steeper line is a higher throughput."
    return Chart("done", "Phones enrolled over time", caption, figure)


def _progress(ends: Array) -> tuple[Array, Array]:
    steps = np.unique(np.linspace(0, len(ends) - 1, min(len(ends), _MOST_STEPS)).astype(int))
    return np.append(0.0, ends[steps]), np.append(0, steps + 1).astype(float)


def _line(place: int, run: Observed, is_baseline: bool, x: Array, y: Array) -> go.Scatter:
    name = f"{plot.words(run.name)}{' (baseline)' if is_baseline else ''}"
    colour, dash = plot.PALETTE[place % _LINES_APART], plot.DASHES[place % _LINES_APART]
    return plot.line(pl.Series(x), pl.Series(y), name, colour, dash)
