"""The charts of a tuning: timers against each other, what waiting buys, what a fault leaves, the front."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import plotly.graph_objects as go
import polars as pl

from loadtests.report import plot
from loadtests.report.chart import Chart, Shade
from loadtests.tuning.document import Check, FrontPoint
from loadtests.tuning.grid import Cell
from loadtests.tuning.tunables import Tunables

_HEAT = ((0.0, "rgba(213,94,0,0.05)"), (1.0, "rgba(213,94,0,1)"))
_BINS = 60
_POINTS = 0.02
_SECONDS_HELD = "phone's read timer, seconds, logarithmic"


@dataclass(frozen=True)
class FaultRun:
    """One setting through one fault, on the lab: its attempts, their times those of the full scale.

    `attempts` has `started` and `ended` in seconds from the first start, and `enrolled`.
    """

    condition: str
    setting: str
    attempts: pl.DataFrame
    fault: Shade
    recovery_seconds: float | None


def draw_tuning(
    cells: Sequence[Cell],
    front: Sequence[FrontPoint],
    checks: Sequence[Check],
    fault_runs: Sequence[FaultRun],
    best: Tunables,
) -> Iterator[Chart]:
    """Every chart that there are data for."""
    if cells:
        yield _heatmap(cells, best)
        yield _wait(cells, best)
    yield from map(_through_fault, fault_runs)
    if front:
        yield _front(front, best)
    if checks:
        yield _agreement(checks)


def _heatmap(cells: Sequence[Cell], best: Tunables) -> Chart:
    reads, totals = (
        sorted({each.read_seconds for each in cells}),
        sorted({each.total_seconds for each in cells}),
    )
    found = {(each.read_seconds, each.total_seconds): each for each in cells}
    losses = [[_loss(found.get((read, total))) for read in reads] for total in totals]
    words = [[_hover(found.get((read, total))) for read in reads] for total in totals]
    heat = go.Heatmap(
        x=[f"{each:g}" for each in reads], y=[f"{each:g}" for each in totals], z=losses, text=words,
        colorscale=_HEAT, xgap=1, ygap=1, hovertemplate="%{text}<extra></extra>",
        colorbar={"thickness": 10, "outlinewidth": 0, "title": {"text": "loss"}},
    )  # fmt: skip
    figure = plot.figure([heat], "phone's read timer, seconds", "RA's timers, seconds")
    figure.update_layout(hovermode="closest")
    figure.update_xaxes(type="category")
    figure.update_yaxes(type="category")
    least = min(cells, key=lambda each: each.loss)
    caption = (
        "What is lost, weighed over all conditions, with the recommendation's other values: each square is a "
        "phone's timer against the RA's, all of whose timers are set alike. Least is lost at "
        f"{least.read_seconds:g} s and {least.total_seconds:g} s; the recommendation has {best.read:g} s and "
        f"{best.total or best.submit:g} s. Where the RA's timer is the longer one, phones hang up before it."
    )
    return Chart("heatmap", "Timer against timer", caption, figure)


def _loss(cell: Cell | None) -> float | None:
    return cell.loss if cell else None


def _hover(cell: Cell | None) -> str:
    if cell is None:
        return ""
    return (
        f"phone {cell.read_seconds:g} s, RA {cell.total_seconds:g} s: loss {cell.loss:.3f}<br>"
        f"without certificate {cell.missed:.1%}<br>for each phone {cell.false_timeouts:.3f} false timeouts, "
        f"{cell.orphans:.3f} orphans"
    )


def _wait(cells: Sequence[Cell], best: Tunables) -> Chart:
    """Along the RA's longest timer that ends before the phone's: what waiting longer buys."""
    steps = []
    for read in sorted({each.read_seconds for each in cells}):
        inside = [each for each in cells if each.read_seconds == read and each.total_seconds < read]
        if inside:
            steps.append(max(inside, key=lambda each: each.total_seconds))
    x = pl.Series([each.read_seconds for each in steps])
    styles = (
        ("false_timeouts", "false timeouts", plot.VERMILION, "solid"),
        ("orphans", "orphans", plot.PURPLE, "dash"),
        ("missed", "without certificate", plot.GREY, "dot"),
    )
    lines = [
        plot.line(x, pl.Series([getattr(each, field) for each in steps]), name, colour, dash)
        for field, name, colour, dash in styles
    ]
    figure = plot.figure(lines, _SECONDS_HELD, "for each phone")
    figure.update_xaxes(
        type="log", tickvals=x.to_list(), ticktext=[f"{each:g}" for each in x], rangemode="normal"
    )
    figure.add_vline(x=best.read, line={"color": plot.GREEN, "dash": "dashdot", "width": 2})
    caption = (
        "What waiting buys: the phone's timer, with the RA's the longest that ends before it. The green line "
        "is the recommendation. Where the curves are flat, waiting longer buys nothing more."
    )
    return Chart("wait", "False timeouts versus wait", caption, figure)


def _through_fault(run: FaultRun) -> Chart:
    end = float(run.attempts["ended"].max() or 1.0)  # type: ignore[arg-type]
    width = end / _BINS
    bins = pl.DataFrame({"bin": range(_BINS + 1)})
    for name, column, chosen in (
        ("started", "started", run.attempts),
        ("enrolled", "ended", run.attempts.filter("enrolled")),
        ("failed", "ended", run.attempts.filter(~pl.col("enrolled"))),
    ):
        counts = (
            chosen.select((pl.col(column).clip(0) / width).floor().cast(pl.Int64).alias("bin"))
            .group_by("bin")
            .agg((pl.len() / width).alias(name))
        )
        bins = bins.join(counts, on="bin", how="left")
    bins = bins.fill_null(0.0)
    x = bins["bin"] * width
    lines = [
        plot.line(x, bins["started"], "tries begun", plot.GREY, "dot"),
        plot.line(x, bins["enrolled"], "enrolled", plot.BLUE, "solid"),
        plot.line(x, bins["failed"], "failed", plot.VERMILION, "dash"),
    ]
    figure = plot.figure(lines, "seconds since the first start", "tries per second")
    plot.shade(figure, run.fault.begin, run.fault.end, run.fault.name)
    recovered = (
        f"first tries get through again {run.recovery_seconds:.0f} s after it"
        if run.recovery_seconds is not None
        else "phones do not get through again in time"
    )
    caption = (
        f"The lab with the {run.setting} settings, condition {run.condition}. Shaded: the fault; "
        f"{recovered}. Where failures go on after the fault, tries that come again keep the chain too busy "
        "to answer any."
    )
    title = (
        f"{run.condition}, {run.setting}: {'recovery' if run.recovery_seconds is not None else 'collapse'}"
    )
    return Chart(f"fault-{run.condition}-{run.setting}", title, caption, figure)


def _front(front: Sequence[FrontPoint], best: Tunables) -> Chart:
    taken = [each for each in front if each.tunables == best]
    others = [each for each in front if each.tunables != best]
    traces = [
        _points(others, "on the front", plot.BLUE, "circle"),
        _points(taken, "recommended", plot.VERMILION, "star"),
    ]
    figure = plot.figure(
        [each for each in traces if each.x], "tail: p99 as a share of the window", "lost for each phone"
    )
    figure.update_layout(hovermode="closest", showlegend=True)
    caption = (
        "Settings of which none is better in one thing without being worse in another. To the right phones "
        "wait longer, further up more is lost: phones without certificate, false timeouts and orphans added "
        "up. The recommendation is one of these, polished. The size of a mark is the RA's workers."
    )
    return Chart("front", "Pareto front", caption, figure)


def _points(points: Sequence[FrontPoint], name: str, colour: str, symbol: str) -> go.Scatter:
    return go.Scatter(
        x=[each.terms.tail for each in points],
        y=[each.terms.missed + each.terms.false_timeouts + each.terms.orphans for each in points],
        text=[_setting(each.tunables) for each in points], name=name, mode="markers",
        marker={
            "color": colour, "symbol": symbol, "opacity": 0.8,
            "size": [8 + 8 * min(each.terms.workers, 2.0) for each in points],
        },
        hovertemplate="%{text}<extra></extra>",
    )  # fmt: skip


def _setting(tunables: Tunables) -> str:
    return (
        f"phone {tunables.read:g} s, {tunables.attempts} tries {tunables.spacing:g} s apart<br>"
        f"RA submit {tunables.submit:g} s, total {tunables.total:g} s, "
        f"workers {tunables.workers or 'as set'}"
    )


def _agreement(checks: Sequence[Check]) -> Chart:
    labels = [f"{each.condition}, {each.setting}" for each in checks]
    predicted = go.Scatter(
        x=[each.predicted_timeout_rate.mean for each in checks], y=labels, name="predicted, with its range",
        mode="markers", marker={"color": plot.BLUE, "size": 9},
        error_x={
            "type": "data", "symmetric": False, "color": plot.BLUE,
            "array": [max(0.0, _reach(each)[1] - each.predicted_timeout_rate.mean) for each in checks],
            "arrayminus": [max(0.0, each.predicted_timeout_rate.mean - _reach(each)[0]) for each in checks],
        },
        hovertemplate="predicted %{x:.1%}<extra></extra>",
    )  # fmt: skip
    measured = go.Scatter(
        x=[each.measured_timeout_rate for each in checks], y=labels, name="measured on the lab",
        mode="markers", marker={"color": plot.VERMILION, "size": 9, "symbol": "x"},
        hovertemplate="measured %{x:.1%}<extra></extra>",
    )  # fmt: skip
    figure = plot.figure([predicted, measured], "share of tries that a timer ended", "")
    figure.update_layout(hovermode="closest", height=max(320, 70 + 34 * len(checks)), xaxis_tickformat="~%")
    figure.update_yaxes(autorange="reversed", ticksuffix=" ")
    right = sum(each.agrees for each in checks)
    caption = (
        f"The simulator's timeout rates beside the lab's: {right} of {len(checks)} lie within two points or "
        "within the range of the simulated runs, which is drawn, widened to two points."
    )
    return Chart("agreement", "Predicted and measured", caption, figure)


def _reach(check: Check) -> tuple[float, float]:
    rate = check.predicted_timeout_rate
    return min(rate.low, rate.mean - _POINTS), max(rate.high, rate.mean + _POINTS)
