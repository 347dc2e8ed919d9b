"""The page of a tuning from logs: what each timer would cut, seen and beyond the cut, and the advice."""

from collections.abc import Iterator
from pathlib import Path

import plotly.graph_objects as go
import polars as pl

from loadtests.report import plot
from loadtests.report.chart import Chart
from loadtests.report.rendering import rendered
from loadtests.survival import document
from loadtests.survival.document import LoggedTune, TimerEvidence
from loadtests.tuning.document import NAME

REPORT = "report.html"
_LEAST = 1e-5


def write_logged_report(folder: Path) -> Path:
    """Write `report.html` into the folder of a tuning from logs; its path.

    ScenarioError when it holds none.
    """
    tune = document.read(folder / NAME)
    charts = list(draw_logged(tune))
    page = rendered(
        "logged_tuning.html.j2", charts, drawn=charts, tune=tune, run=folder.resolve().name,
        names=list(tune.timers), state="met" if all(each.sure for each in tune.advice) else "unknown",
    )  # fmt: skip
    path = folder / REPORT
    path.write_text(page, encoding="utf-8")
    return path


def draw_logged(tune: LoggedTune) -> Iterator[Chart]:
    """One chart a timer: the share of the answers that it would cut, by its value."""
    for name, timer in tune.timers.items():
        recommended: float = getattr(tune.recommended.tunables, name)
        yield _survival(name, timer, recommended, tune.target)


def _survival(name: str, timer: TimerEvidence, recommended: float, target: float) -> Chart:
    told = timer.candidates
    seconds = [each.seconds for each in told]
    band = go.Scatter(
        x=seconds + seconds[::-1],
        y=[max(each.high, _LEAST) for each in told] + [max(each.low, _LEAST) for each in reversed(told)],
        fill="toself", fillcolor="rgba(26,127,189,0.18)", line={"width": 0}, mode="lines", hoverinfo="skip",
        name="95 % interval",
    )  # fmt: skip
    traces = [band]
    for basis, label, colour, dash in (
        ("seen", "seen", plot.BLUE, "solid"),
        ("tail", "beyond the cut", plot.VERMILION, "dash"),
    ):
        points = [each for each in told if each.basis == basis and each.estimate is not None]
        if points:
            x = pl.Series([each.seconds for each in points])
            y = pl.Series([max(each.estimate or 0.0, _LEAST) for each in points])
            traces.append(plot.line(x, y, label, colour, dash))
    figure = plot.figure(traces, "timer, seconds", "share cut, logarithmic")
    figure.update_yaxes(type="log", rangemode="normal", tickformat="~%")
    figure.add_vline(x=recommended, line={"color": plot.GREEN, "dash": "dashdot", "width": 2})
    if timer.horizon_seconds is not None:
        plot.shade(figure, timer.horizon_seconds, max(seconds), "not seen")
    return Chart(f"timer-{name}", timer.key, _caption(timer, recommended, target), figure)


def _caption(timer: TimerEvidence, recommended: float, target: float) -> str:
    beyond = f"Shaded: beyond {timer.horizon_seconds or 0:.4g} s nothing was seen"
    if timer.horizon_seconds is None:
        beyond = "Every one was seen to its end."
    elif timer.tail is None:
        beyond += ", and no tail fits what was: it is anything up to the share that was cut."
    else:
        beyond += (
            f"; the tail goes on as {timer.tail.family}, its interval holds whatever fits nearly as well."
            + _limit(timer)
        )
    return (
        f"Share of the answers that a timer of so many seconds would cut although they were on their way; "
        f"{timer.seen} seen and {timer.cut} cut, from {timer.source}. {beyond} The green line is the "
        f"recommendation, {recommended:g} s; at most {100 * target:g} % is the aim."
    )


def _limit(timer: TimerEvidence) -> str:
    longest = max(each.seconds for each in timer.candidates)
    if timer.told_up_to_seconds >= longest:
        return ""
    return f" Beyond {timer.told_up_to_seconds:g} s it is too wide to be of use."
