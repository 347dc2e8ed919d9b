"""The fleet over time: how many phones were in each state."""

import polars as pl

from exporters.load.families import PHONE_STATES
from loadtests.report.grid import Grid
from loadtests.results.table import last_attempts

STATES = tuple(state for state in PHONE_STATES if state != "lost")
"""What a run's attempts tell: a phone lost with its generator is still waiting, or under way no more."""


def phones_by_state(table: pl.DataFrame, grid: Grid, intended: int) -> pl.DataFrame:
    """Phones in each of STATES at the end of each bin of the grid, a column each; they add up to `intended`.

    Who never starts is waiting at the end.
    """
    last = last_attempts(table)
    begun = _total(grid, table.group_by("phone").agg(pl.col("started").min()), "started")
    under_way = _total(grid, table, "started") - _total(grid, table, "done")
    enrolled = _total(grid, last.filter("enrolled"), "done")
    failed = _total(grid, last.filter(~pl.col("enrolled")), "done")
    counted = pl.DataFrame(
        {
            "waiting": (intended - begun).clip(0),
            "under_way": under_way.clip(0),
            "between_tries": (begun - under_way - enrolled - failed).clip(0),
            "enrolled": enrolled,
            "failed": failed,
        }
    )
    return counted.select(STATES)


def _total(grid: Grid, events: pl.DataFrame, moment: str) -> pl.Series:
    return pl.Series(grid.counts(events, moment), dtype=pl.Int64).cum_sum()
