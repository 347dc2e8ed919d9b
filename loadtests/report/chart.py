"""One chart of the report, and what all charts over time have in common."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import plotly.graph_objects as go
import polars as pl

from chaos.annotations import FaultTime
from exporters.pictures import Picture
from loadtests.report import plot

SINCE_START = "seconds since the first intended start"
NIGHT, TUNING = "Renewal night", "Timeout tuning"
_AXES = {"short": "", "ops": "per second", "s": "seconds", "percentunit": "share"}
_SHARE_TICKS = "~%"


@dataclass(frozen=True, slots=True)
class Chart:
    """One chart; `caption` says what to read out of it, for those who cannot see it too.

    `board` is the dashboard that has the same panel, empty for a chart of the report's own; `unit` its unit.
    """

    id: str
    title: str
    caption: str
    figure: go.Figure
    board: str = ""
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Shade:
    """A fault on the charts' scale: begin and end in seconds since the first intended start, and its name."""

    begin: float
    end: float
    name: str


def shades_of(table: pl.DataFrame, faults: Sequence[FaultTime]) -> list[Shade]:
    """The faults that struck; one that is not known to have ended lasts to the run's end."""
    start, last = table.select(pl.min("intended_start"), pl.max("done")).row(0)
    return [
        Shade(
            max(fault.started - start, 0.0),
            (fault.ended or last) - start,
            plot.words(fault.name.partition("#")[0]),
        )
        for fault in faults
        if fault.started is not None
    ]


def pictured(
    id_: str, board: str, picture: Picture, traces: Sequence[go.Scatter | go.Bar | go.Heatmap],
    what: str = "", note: str = "",
) -> Chart:  # fmt: skip
    """The chart over time of a dashboard's panel; `what` names a count, `note` is added to what it shows."""
    figure = plot.figure(traces, SINCE_START, " ".join(filter(None, (what, _AXES[picture.unit]))))
    # A single line is one of several that there might have been: its name says which.
    figure.update_layout(showlegend=not isinstance(traces[0], go.Heatmap))
    if picture.unit == "percentunit":
        figure.update_layout(yaxis_tickformat=_SHARE_TICKS)
    caption = f"{picture.about} {note}".strip()
    return Chart(id_, picture.title, caption, figure, board, picture.unit)


def shaded(chart: Chart, shades: Sequence[Shade]) -> Chart:
    """The chart, with the times of faults shaded."""
    for shade in shades:
        plot.shade(chart.figure, shade.begin, shade.end, shade.name)
    caption = f"{chart.caption} Shaded: faults struck on purpose." if shades else chart.caption
    return replace(chart, caption=caption)
