"""The panels of the dashboard Renewal night, drawn from what the run left."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import plotly.graph_objects as go
import polars as pl

from exporters import pictures
from exporters.pictures import Picture
from loadtests.report import plot, wording
from loadtests.report.chart import NIGHT, Chart, Shade, pictured
from loadtests.report.evidence import Evidence
from loadtests.report.grid import Grid
from loadtests.report.series import PARTS_OF_LATENCY, Timeline
from loadtests.report.states import STATES, phones_by_state

FROM_ITS_LOG_SECONDS = 1.0
"""How well the logs of CA and RA know when something was."""

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
_STATE_COLOURS = (plot.LIGHT_GREY, plot.SKY, plot.ORANGE, plot.BLUE, plot.VERMILION)
_MOST_LINES = 8
_ATTEMPTS = (
    ("intended", "intended", plot.GREY, "dot"),
    ("started", "started", plot.SKY, "dashdot"),
    ("enrolled", "succeeded", plot.BLUE, "solid"),
    ("failed", "failed", plot.VERMILION, "dash"),
    ("retries", "of them retries", plot.ORANGE, "longdash"),
)


@dataclass(frozen=True, slots=True)
class Night:
    """What the panels are drawn from."""

    table: pl.DataFrame
    failed: pl.DataFrame
    evidence: Evidence
    grid: Grid
    over_time: Timeline
    phones: int
    shades: Sequence[Shade]


def progress(night: Night) -> Iterator[Chart]:
    """How far the fleet is, how fast, and how long phones wait."""
    yield _states(night)
    yield _attempts(night.over_time)
    if night.over_time.bins["p50"].null_count() < night.over_time.bins.height:
        yield _latency(night.over_time)
        yield _stages(night.over_time)


def failures(night: Night) -> Iterator[Chart]:
    """Which attempts failed, of those that did."""
    by_error = night.failed.select("at", name=pl.concat_str("est_error", pl.lit(" at "), "stage"))
    timed_out = night.failed.drop_nulls("timer")
    by_timer = timed_out.select("at", name=pl.concat_str("timer", pl.lit(" at "), "stage"))
    yield from _rates("failures", pictures.FAILURES, by_error, night.grid, "attempts")
    yield from _rates("timeouts", pictures.TIMEOUTS, by_timer, night.grid, "attempts")


def is_it_the_ca(night: Night) -> Iterator[Chart]:
    """What CA and RA wrote in their logs, and what was struck on purpose."""
    grid = night.grid.no_finer_than(FROM_ITS_LOG_SECONDS)
    if not night.evidence.answers.is_empty():
        yield _ca_answers(night.evidence.answers, grid)
    calls = night.evidence.failed_calls.select("at", name=pl.concat_str("stage", pl.lit(" "), "cause"))
    note = "From the RA's log, which has what curl gave up; answers with an error status are not in it."
    yield from _rates("failed-calls", pictures.FAILED_CALLS, calls, grid, "calls", note)
    if night.shades:
        yield _faults(night.shades, night.grid)


def _states(night: Night) -> Chart:
    states = phones_by_state(night.table, night.grid, night.phones)
    moments = [0.0, *night.grid.ends]
    layers = [
        plot.area(moments, [night.phones if state == "waiting" else 0, *states[state]], label, colour)
        for state, label, colour in zip(
            STATES, (state.replace("_", " ") for state in STATES), _STATE_COLOURS, strict=True
        )
    ]
    note = "A phone that never starts stays waiting."
    return pictured("states", NIGHT, pictures.PHONES_BY_STATE, layers, "phones", note)


def _attempts(over_time: Timeline) -> Chart:
    bins = over_time.bins
    shown = [each for each in _ATTEMPTS if each[0] != "retries" or bins["retries"].sum() > 0]
    lines = [
        plot.line(bins["seconds"], bins[name], label, colour, dash) for name, label, colour, dash in shown
    ]
    note = f"Each point covers {wording.seconds(over_time.width_seconds)}."
    return pictured("attempts", NIGHT, pictures.ATTEMPTS, lines, "attempts", note)


def _latency(over_time: Timeline) -> Chart:
    bins = over_time.bins
    styles = (("p50", plot.BLUE, "solid"), ("p95", plot.PURPLE, "dash"), ("p99", plot.VERMILION, "dot"))
    lines = [plot.line(bins["seconds"], bins[name], name, colour, dash) for name, colour, dash in styles]
    note = "By when they were meant to start. A gap: nothing that was meant to start then enrolled."
    return pictured("latency", NIGHT, pictures.LATENCY, lines, note=note)


def _stages(over_time: Timeline) -> Chart:
    bins = over_time.bins
    bars = [
        go.Bar(
            x=bins["seconds"].to_list(), y=bins[part].to_list(), name=_PARTS[part][0],
            marker={"color": _PARTS[part][1], "line": {"width": 0}}, hovertemplate="%{y:.3~s}s",
        )
        for part in PARTS_OF_LATENCY
    ]  # fmt: skip
    note = (
        "Of enrolled attempts, by when they were meant to start. A bar's height is their mean latency; other "
        "is what no stage accounts for."
    )
    chart = pictured("stages", NIGHT, pictures.STAGES, bars, "mean", note)
    chart.figure.update_layout(barmode="stack", bargap=0)
    return chart


def _ca_answers(answers: pl.DataFrame, grid: Grid) -> Chart:
    p95 = pl.col("seconds").quantile(0.95, "equiprobable").round_sig_figs(4)
    lines = []
    for stage, colour, dash in zip(pictures.TIMED_CALLS, plot.PALETTE, plot.DASHES, strict=False):
        of_stage = answers.filter(stage=stage)
        values = grid.laid_out(of_stage.group_by(grid.bin_of("at")).agg(p95))["seconds"]
        lines.append(plot.line(pl.Series(grid.middles), values, stage, colour, dash))
    note = (
        "From the CA's own log; network and connecting are not in it. A login is two requests. "
        f"Each point covers {wording.seconds(grid.width_seconds)}."
    )
    return pictured("ca-answers", NIGHT, pictures.CA_ANSWERS, lines, note=note)


def _rates(
    id_: str, picture: Picture, events: pl.DataFrame, grid: Grid, what: str, note: str = ""
) -> Iterator[Chart]:
    """A line for each name of the events, the most frequent first; no chart where there are none."""
    if events.is_empty():
        return
    names = events["name"].value_counts(sort=True)["name"].to_list()
    groups = [(name, events.filter(name=name)) for name in names[:_MOST_LINES]]
    if len(names) > _MOST_LINES:
        rest = events.filter(pl.col("name").is_in(names[_MOST_LINES - 1 :]))
        groups[-1] = (f"{len(names) - _MOST_LINES + 1} others", rest)
    lines = [
        plot.line(pl.Series(grid.middles), _per_second(grid, its), plot.words(name), colour, dash)
        for (name, its), colour, dash in zip(groups, plot.PALETTE, plot.DASHES, strict=False)
    ]
    each = f"Each point covers {wording.seconds(grid.width_seconds)}."
    yield pictured(id_, NIGHT, picture, lines, what, " ".join(filter(None, (note, each))))


def _per_second(grid: Grid, events: pl.DataFrame) -> pl.Series:
    counts = pl.Series(grid.counts(events, "at"), dtype=pl.Float64)
    return (counts / grid.width_seconds).round_sig_figs(6)


def _faults(shades: Iterable[Shade], grid: Grid) -> Chart:
    """A step for each fault's begin and end, by name."""
    lines = []
    for number, name in enumerate(dict.fromkeys(shade.name for shade in shades)):
        changes = sorted(
            change for shade in shades if shade.name == name for change in ((shade.begin, 1), (shade.end, -1))
        )
        moments, active = [0.0], [0]
        for moment, change in changes:
            moments.append(moment)
            active.append(active[-1] + change)
        moments.append(max(moments[-1], grid.ends[-1]))
        active.append(active[-1])
        colour, dash = plot.PALETTE[number % len(plot.PALETTE)], plot.DASHES[number % len(plot.DASHES)]
        trace = plot.line(pl.Series(moments), pl.Series(active), name, colour, dash)
        trace.update(mode="lines", line_shape="hv")
        lines.append(trace)
    return pictured("faults-in-force", NIGHT, pictures.FAULTS, lines, "faults")
