"""The charts of a capacity run: load and what came of it, what was busy, and how throughput scales."""

import math
from collections.abc import Callable, Iterator, Sequence

import plotly.graph_objects as go
import polars as pl

from loadtests.capacity.trial import Trial, valid
from loadtests.report import plot, wording
from loadtests.report.chart import Chart
from loadtests.scaling.comparison import Comparison
from loadtests.scaling.knee import knee
from loadtests.scaling.models import Models, Queueing
from loadtests.scaling.pooling import pools
from loadtests.scaling.usl import Usl

_OFFERED = "phones offered per second"
_AT_ONCE = "phones at a time, logarithmic"
_PARTS: tuple[tuple[str, str], ...] = (
    ("ra_workers", "RA workers"),
    ("ra_pool", "RA pool"),
    ("ca_threads", "CA threads"),
    ("ca_signing", "CA signing"),
    ("ra_cpu", "RA CPU (cores)"),
    ("ca_cpu", "CA CPU (cores)"),
    ("generator_cpu", "generator CPU (cores)"),
    ("machine_cpu", "all cores of the machine"),
    ("ra_front_cpu", "CPU of NGINX before the RA (cores)"),
)
_MARGIN = 1.1
_FEW_DECADES = 4


def draw_capacity(
    trials: Sequence[Trial], interval: tuple[float, float] | None, models: Models | None
) -> Iterator[Chart]:
    """Every chart that there are measurements for; `interval` is that of the answer, phones per second."""
    loaded = sorted((t for t in trials if t.plan.rate_per_second), key=lambda trial: trial.rate_per_second)
    queueing = models.queueing if models else None
    if loaded:
        yield _throughput(loaded, interval)
        yield _latency(loaded, interval, queueing)
        yield _utilization(loaded, interval)
    if models and models.levels:
        yield _scaling(models)
    if models and models.comparison:
        yield _residuals(models.comparison)


def _throughput(trials: Sequence[Trial], interval: tuple[float, float] | None) -> Chart:
    highest = max(trial.rate_per_second for trial in trials) * _MARGIN
    ends = pl.Series([0.0, highest])
    traces = [plot.line(ends, ends, "as many as offered", plot.GREY, "dot")]
    for state, colour, symbol in (
        ("the rules held", plot.BLUE, "circle"),
        ("a rule broke", plot.VERMILION, "x"),
        ("without effect", plot.GREY, "circle-open"),
    ):
        chosen = [trial for trial in trials if _state(trial) == state]
        traces.append(
            _marks(
                [t.rate_per_second for t in chosen], [t.throughput_per_second for t in chosen],
                state, colour, symbol,
            )
        )  # fmt: skip
    figure = plot.figure([trace for trace in traces if trace.x], _OFFERED, "phones enrolled per second")
    caption = (
        "Each mark is one trial. On the line, the chain keeps up with what is offered; below it, it does not."
        + _shade(figure, interval)
    )
    return Chart("offered", "Throughput versus offered load", caption, figure)


def _state(trial: Trial) -> str:
    if trial.void:
        return "without effect"
    return "the rules held" if trial.met else "a rule broke"


def _latency(
    trials: Sequence[Trial], interval: tuple[float, float] | None, queueing: Queueing | None
) -> Chart:
    traces = [
        *_percentile("p50", plot.BLUE, "solid", trials),
        *_percentile("p99", plot.VERMILION, "dash", trials),
    ]
    highest = max(trial.rate_per_second for trial in trials)
    predicted = [point for point in queueing.offered if point.per_second <= highest] if queueing else []
    if predicted:
        x = pl.Series([point.per_second for point in predicted])
        y = pl.Series([point.latency_p99_seconds for point in predicted])
        traces.append(plot.line(x, y, "p99, queueing model", plot.PURPLE, "dot"))
    values = [value for trace in traces for value in trace.y if value]
    found = knee(trials)
    if found is not None and values:
        ends = pl.Series([min(values), max(values)])
        traces.append(plot.line(pl.Series([found, found]), ends, "knee", plot.GREEN, "dashdot"))
        traces[-1].update(mode="lines", hoverinfo="skip", hovertemplate=None)
    figure = plot.figure(traces, _OFFERED, "latency, logarithmic")
    ticks = _time_ticks(values)
    texts = [wording.seconds(tick) for tick in ticks]
    figure.update_yaxes(type="log", rangemode="normal", tickvals=ticks, ticktext=texts)
    caption = (
        "Latency of phones that enrolled, from their intended start. Each mark is one trial; lines join the "
        "means of trials at like rates." + _shade(figure, interval)
    )
    if found is not None:
        caption += (
            f" The knee, at {found:.4g}/s, is where throughput over median latency is highest: beyond it, "
            "more load buys more waiting than work."
        )
    return Chart("latency-versus-load", "Latency versus load", caption, figure)


def _percentile(name: str, colour: str, dash: str, trials: Sequence[Trial]) -> Iterator[go.Scatter]:
    """The marks of all trials that say something, and the line through their means."""

    def value(trial: Trial) -> float | None:
        found: float | None = getattr(trial, f"latency_{name}_seconds")
        return found

    known = [(trial.rate_per_second, value(trial)) for trial in valid(trials) if value(trial)]
    rates, means = _means(trials, value)
    line = plot.line(rates, means, name, colour, dash)
    yield line.update(hovertemplate="%{y:.4~s}s")
    marks = _marks([rate for rate, _ in known], [each for _, each in known if each], name, colour, "circle")
    yield marks.update(
        marker={"size": 5, "opacity": 0.45}, showlegend=False, hoverinfo="skip", hovertemplate=None
    )


def _means(trials: Sequence[Trial], value: Callable[[Trial], float | None]) -> tuple[pl.Series, pl.Series]:
    """Rates and means of trials at like rates."""
    found = pools(trials)
    rates = pl.Series([pool.rate_per_second for pool in found], dtype=pl.Float64)
    return rates, pl.Series([pool.mean(value) for pool in found], dtype=pl.Float64)


def _time_ticks(values: Sequence[float]) -> list[float]:
    """Seconds to write along a logarithmic axis: 1, 2 and 5 of each decade, or 1 alone where that is many.

    Where values lie between two of these, the ends.
    """
    low, high = min(values, default=1.0), max(values, default=1.0)
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    steps = (1, 2, 5) if len(decades) <= _FEW_DECADES else (1,)
    ticks = [float(f"{step}e{decade}") for decade in decades for step in steps]
    return ticks if sum(low <= tick <= high for tick in ticks) > 1 else [low, high]


def _utilization(trials: Sequence[Trial], interval: tuple[float, float] | None) -> Chart:
    lines = []
    for place, (field, name) in enumerate(_PARTS):
        rates, shares = _means(trials, _busy(field))
        if shares.null_count() < shares.len():
            lines.append(plot.line(rates, shares, name, plot.PALETTE[place], plot.DASHES[place]))
    figure = plot.figure(lines, _OFFERED, "busy share, or cores")
    caption = (
        "How busy each part was while phones were measured, trials at like rates taken together. 1 is all of "
        "a part's workers or threads, or one core: who comes near it first is the limit."
    )
    return Chart("utilization", "Utilisation by part", caption + _shade(figure, interval), figure)


def _busy(field: str) -> Callable[[Trial], float | None]:
    def value(trial: Trial) -> float | None:
        found: float | None = getattr(trial.usage, field)
        return found

    return value


def _scaling(models: Models) -> Chart:
    repeats = [(level.concurrency, each.per_second) for level in models.levels for each in level.repeats]
    traces = [*_band(models.usl)] if models.usl else []
    if models.queueing:
        x = pl.Series([point.concurrency for point in models.queueing.at_once])
        y = pl.Series([point.per_second for point in models.queueing.at_once])
        traces.append(plot.line(x, y, "queueing model", plot.PURPLE, "dash"))
    concurrencies, rates = [n for n, _ in repeats], [rate for _, rate in repeats]
    traces.append(_marks(concurrencies, rates, "measured", plot.VERMILION, "circle"))
    figure = plot.figure(traces, _AT_ONCE, "phones enrolled per second")
    ticks = sorted({level.concurrency for level in models.levels} | {2 * max(concurrencies)})
    figure.update_xaxes(type="log", tickvals=ticks, ticktext=[str(n) for n in ticks], rangemode="normal")
    caption = "So many phones at a time, each followed by the next as it ended; each mark is a repeat."
    if models.usl:
        caption += " The band is the scalability law's 95 % interval."
        peak = models.usl.peak_concurrency
        caption += f" Its peak: {peak.value:.3g} ({peak.low:.3g} to {peak.high:.3g})." if peak else ""
    return Chart("scaling", "How throughput scales", caption, figure)


def _band(usl: Usl) -> Iterator[go.Scatter]:
    x = [point.concurrency for point in usl.band]
    yield go.Scatter(
        x=x + x[::-1], y=[p.high for p in usl.band] + [p.low for p in reversed(usl.band)], fill="toself",
        fillcolor="rgba(26,127,189,0.18)", line={"width": 0}, mode="lines", hoverinfo="skip",
        name="95 % interval",
    )  # fmt: skip
    yield plot.line(
        pl.Series(x), pl.Series([p.per_second for p in usl.band]), "scalability law", plot.BLUE, "solid"
    )


def _residuals(comparison: Comparison) -> Chart:
    rows = comparison.levels
    labels = [str(row.concurrency) for row in rows]
    bars = []
    for name, field, colour in (
        ("scalability law", "usl_left_out_per_second", plot.BLUE),
        ("queueing model", "queueing_left_out_per_second", plot.PURPLE),
    ):
        predicted = [getattr(row, field) for row in rows]
        if None not in predicted:
            errors = [value / row.measured_per_second - 1 for value, row in zip(predicted, rows, strict=True)]
            bars.append(
                go.Bar(x=labels, y=errors, name=name, marker={"color": colour}, hovertemplate="%{y:.1%}")
            )
    figure = plot.figure(bars, "phones at a time", "predicted over measured, less 1")
    figure.update_layout(barmode="group", yaxis_tickformat="~%", yaxis_rangemode="normal", showlegend=True)
    figure.update_xaxes(type="category")
    caption = f"Each level predicted from all the others: {comparison.note}."
    return Chart("left-out", "Residuals of the models", caption, figure)


def _marks(x: Sequence[float], y: Sequence[float], name: str, colour: str, symbol: str) -> go.Scatter:
    return go.Scatter(
        x=list(x), y=list(y), name=name, mode="markers",
        marker={"color": colour, "size": 8, "symbol": symbol}, hovertemplate="%{y:.4~s}",
    )  # fmt: skip


def _shade(figure: go.Figure, interval: tuple[float, float] | None) -> str:
    """Shade the answer's interval; what the caption says of it."""
    if interval is None:
        return ""
    plot.shade(figure, *interval, "limit")
    return " Shaded: the 95 % interval of the sustainable rate."
