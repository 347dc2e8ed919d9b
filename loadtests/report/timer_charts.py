"""The panels of the dashboard Timeout tuning, drawn from what the run left."""

from collections.abc import Iterator, Sequence

import plotly.graph_objects as go
import polars as pl

from exporters import pictures
from exporters.pictures import Picture
from exporters.ra import SHARE_EDGES
from loadtests.report import plot, wording
from loadtests.report.chart import TUNING, Chart, pictured
from loadtests.report.grid import Grid
from loadtests.report.night import FROM_ITS_LOG_SECONDS, Night
from loadtests.report.shares import Used, heat, highest, longer_than, phones_used, ra_used

CUT_OFF_ID = "cut-off"
"""The chart that is not over time."""

_FROM_THE_CA = "From the CA's own log: the RA waits a little longer, to connect and for the network."


def timer_charts(night: Night) -> Iterator[Chart]:
    """How much of each timer is used, who is close to it, and what another value would cut off."""
    phones, ra = phones_used(night.table, night.failed, night.evidence), ra_used(night.evidence)
    of_ra = night.grid.no_finer_than(FROM_ITS_LOG_SECONDS)
    for used in phones:
        yield _heat(f"share-phone-{used.name}", pictures.phone_share(used.name), used, night.grid)
    for used in ra:
        yield _heat(f"share-ra-{used.name}", pictures.ra_share(used.name), used, of_ra, _FROM_THE_CA)
    if phones:
        yield _closest(
            [("phone", used, night.grid) for used in phones] + [("RA", used, of_ra) for used in ra]
        )
    if not night.evidence.answers.is_empty():
        yield _cut_off(night.evidence.answers)
    if night.table["enrolled"].any():
        yield _longer(night.table.filter("enrolled"), night.grid)


def _heat(id_: str, picture: Picture, used: Used, grid: Grid, note: str = "") -> Chart:
    rows = [f"to {wording.share(edge)}" for edge in SHARE_EDGES] + ["over 100\N{NO-BREAK SPACE}%"]
    chart = pictured(id_, TUNING, picture, [plot.heat(grid.middles, rows, heat(used, grid))])
    set_to = f"The timer is {wording.seconds(used.timer_seconds)}; darker: more of them. {note}".strip()
    chart.figure.update_layout(
        yaxis={"type": "category", "title": {"text": f"share of {wording.seconds(used.timer_seconds)}"}}
    )
    return Chart(id_, chart.title, f"{chart.caption} {set_to}", chart.figure, TUNING, picture.unit)


def _closest(everything: Sequence[tuple[str, Used, Grid]]) -> Chart:
    lines = [
        plot.line(
            pl.Series(grid.middles), pl.Series(highest(used, grid), dtype=pl.Float64), f"{side} {used.name}",
            plot.PALETTE[number % len(plot.PALETTE)], plot.DASHES[number % len(plot.DASHES)],
        )
        for number, (side, used, grid) in enumerate(everything)
    ]  # fmt: skip
    return pictured("closest", TUNING, pictures.CLOSEST, lines, note="A gap: nothing ended then.")


def _cut_off(answers: pl.DataFrame) -> Chart:
    shares = [longer_than(answers, seconds) for seconds in pictures.CUT_OFF_SECONDS]
    timers = [f"{seconds:g} s" for seconds in pictures.CUT_OFF_SECONDS]
    bars = [
        go.Bar(
            x=timers, y=[share.get(stage, 0.0) for share in shares], name=stage, marker={"color": colour},
            hovertemplate="%{y:.2%}",
        )
        for stage, colour in zip(pictures.TIMED_CALLS, plot.PALETTE, strict=False)
    ]  # fmt: skip
    chart = pictured(CUT_OFF_ID, TUNING, pictures.CUT_OFF, bars, note=_FROM_THE_CA)
    chart.figure.update_layout(barmode="group", xaxis={"title": {"text": "a timer of"}, "type": "category"})
    return chart


def _longer(enrolled: pl.DataFrame, grid: Grid) -> Chart:
    ended = pl.Series(grid.counts(enrolled, "done"), dtype=pl.Float64).cum_sum()
    lines = []
    for seconds, colour, dash in zip(
        pictures.LONGER_SECONDS, (plot.VERMILION, plot.BLUE), ("solid", "dash"), strict=True
    ):
        slow = grid.counts(enrolled.filter(pl.col("service_time_seconds") > seconds), "done")
        share = (pl.Series(slow, dtype=pl.Float64).cum_sum() / ended).fill_nan(None).round_sig_figs(6)
        lines.append(plot.line(pl.Series(grid.ends), share, f"over {seconds:g} s", colour, dash))
    return pictured("longer", TUNING, pictures.LONGER, lines, note="Of those up to each moment.")
