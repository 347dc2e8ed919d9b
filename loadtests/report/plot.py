"""What all charts have in common: bare Plotly figures with transparent ground, thin grid and named axes.

Colours are Okabe and Ito's (some shifted to be readable on white and on black), told apart by all common
kinds of colour blindness; lines differ in dash as well. Text has no colour of its own here: the page's style
gives it one that suits the background.
"""

import html
from collections.abc import Sequence

import plotly.graph_objects as go
import polars as pl

BLUE, VERMILION, GREEN, PURPLE = "#1a7fbd", "#d55e00", "#009e73", "#b8689a"
ORANGE, SKY, GREY, LIGHT_GREY = "#e69f00", "#56b4e9", "#7f7f7f", "#b5b5b5"

PALETTE = (BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY, GREY, LIGHT_GREY)
DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot", "5px,2px,2px,2px", "2px,6px")

# The page's ground shows through where there are few, so that it reads on white and on black.
_HEAT = ((0.0, "rgba(26,127,189,0.1)"), (1.0, "rgba(26,127,189,1)"))
_GRID = "rgba(128,128,128,0.25)"
_FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif"
_FEW_POINTS = 3
_LABEL_CHARACTERS = 48


def figure(traces: Sequence[go.Scatter | go.Bar | go.Heatmap], x: str, y: str) -> go.Figure:
    """The traces with their axes named `x` and `y`; a legend when there is more than one trace."""
    axis = {"gridcolor": _GRID, "zerolinecolor": _GRID, "automargin": True, "fixedrange": True}
    return go.Figure(
        data=list(traces),
        layout={
            "template": "none",
            "font": {"family": _FONT, "size": 12},
            "paper_bgcolor": "rgba(0,0,0,0)",
            "plot_bgcolor": "rgba(0,0,0,0)",
            "margin": {"l": 48, "r": 12, "t": 8, "b": 40},
            "height": 320,
            "hovermode": "x unified",
            "hoverlabel": {"bgcolor": "#1f2328", "bordercolor": "#1f2328", "font": {"color": "#ffffff"}},
            "showlegend": len(traces) > 1,
            "legend": {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "traceorder": "normal"},
            "xaxis": axis | {"title": {"text": x, "standoff": 8}, "rangemode": "tozero"},
            "yaxis": axis | {"title": {"text": y, "standoff": 8}, "rangemode": "tozero"},
        },
    )


def shade(chart: go.Figure, begin: float, end: float, name: str) -> None:
    """Shade the chart from one moment to another, and write the name at the top."""
    chart.add_vrect(
        x0=begin, x1=end, fillcolor=VERMILION, opacity=0.12, line_width=0, layer="below",
        annotation={"text": name, "font": {"size": 10}, "textangle": -90, "xanchor": "left"},
        annotation_position="top left",
    )  # fmt: skip


def line(x: pl.Series, y: pl.Series, name: str, colour: str, dash: str) -> go.Scatter:
    """A line through the points, broken where `y` is null; points are marked where a line would not show."""
    alone = x.len() <= _FEW_POINTS or y.null_count() > 0
    return go.Scatter(
        x=x.to_list(), y=y.to_list(), name=name, mode="lines+markers" if alone else "lines",
        line={"color": colour, "dash": dash, "width": 2}, marker={"color": colour, "size": 4},
        hovertemplate="%{y:.4~s}",
    )  # fmt: skip


def area(x: list[float], y: list[int], name: str, colour: str) -> go.Scatter:
    """One layer of a stack."""
    return go.Scatter(
        x=x, y=y, name=name, mode="lines", stackgroup="all", line={"color": colour, "width": 0},
        fillcolor=colour, hovertemplate="%{y}",
    )  # fmt: skip


def heat(x: list[float], rows: list[str], counts: list[list[int | None]]) -> go.Heatmap:
    """How often each of the named rows, the lowest first, was met over time; None: not at all."""
    most = max((count for row in counts for count in row if count is not None), default=1)
    return go.Heatmap(
        x=x, y=rows, z=counts, colorscale=_HEAT, zmin=0, zmax=most, xgap=0, ygap=1, hoverongaps=False,
        hovertemplate="%{y}: %{z}<extra></extra>", colorbar={"thickness": 10, "outlinewidth": 0},
    )  # fmt: skip


def words(text: str) -> str:
    """A run's own words for a label, cut short; Plotly reads its labels as a little HTML."""
    return html.escape(text[:_LABEL_CHARACTERS], quote=False)
