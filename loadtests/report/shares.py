"""How much of its timer everything used that a timer bounds: phones' attempts, the RA's calls to the CA."""

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from exporters.pictures import TIMED_CALLS
from exporters.ra import SHARE_EDGES
from loadtests.report.evidence import Evidence
from loadtests.report.grid import Grid

_STAGE_OF_TIMER = {"connect": "connect", "handshake": "tls", "read": "wait"}


@dataclass(frozen=True, slots=True)
class Used:
    """Shares of one timer; `shares` has `at` (seconds since the epoch) and `share` (1: timed out)."""

    name: str
    timer_seconds: float
    shares: pl.DataFrame


def phones_used(table: pl.DataFrame, failed: pl.DataFrame, evidence: Evidence) -> list[Used]:
    """Each timer of the phones' side; an attempt that a timer ended has used it up."""
    used = []
    for timer, limit_seconds in evidence.phone_timers.items():
        stage = table.select(
            at="done", share=pl.col(f"{_STAGE_OF_TIMER[timer]}_seconds") / limit_seconds
        ).drop_nulls()
        ended_by_it = failed.filter(timer=timer).select("at", share=pl.lit(1.0))
        used.append(Used(timer, limit_seconds, pl.concat([stage, ended_by_it])))
    return used


def ra_used(evidence: Evidence) -> list[Used]:
    """Each timer of the RA's calls to the CA, by what the CA took to answer."""
    return [
        Used(
            stage,
            evidence.ra_timers[stage],
            evidence.answers.filter(stage=stage).select(
                "at", share=pl.col("seconds") / evidence.ra_timers[stage]
            ),
        )
        for stage in TIMED_CALLS
        if stage in evidence.ra_timers
    ]


def heat(used: Used, grid: Grid) -> list[list[int | None]]:
    """How many shares fell in each bin of time, a row for each of `SHARE_EDGES` and one above; None: none."""
    rows: list[list[int | None]] = [[None] * grid.count for _ in (*SHARE_EDGES, "above")]
    # Polars divides by multiplying: a share of an edge must not lie beyond it by the last bit.
    row = pl.Series(SHARE_EDGES).search_sorted(used.shares["share"].round(9), side="left")
    placed = used.shares.select(grid.bin_of("at"), row=row.cast(pl.Int64))
    for bin_number, row_number, count in placed.group_by("bin", "row").len().iter_rows():
        rows[row_number][bin_number] = count
    return rows


def highest(used: Used, grid: Grid, share: float = 0.99) -> list[float | None]:
    """The p99 of the shares in each bin of time, nearest rank; None: there was none."""
    grouped = used.shares.group_by(grid.bin_of("at")).agg(
        pl.col("share").quantile(share, "equiprobable").round_sig_figs(4)
    )
    found: list[float | None] = grid.laid_out(grouped)["share"].to_list()
    return found


def longer_than(answers: pl.DataFrame, seconds: float) -> Mapping[str, float]:
    """By stage, the share of the CA's answers that took longer."""
    grouped = answers.group_by("stage").agg((pl.col("seconds") > seconds).mean().alias("share"))
    return {stage: round(share, 6) for stage, share in grouped.iter_rows()}
