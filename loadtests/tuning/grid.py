"""Two timers against each other: what is lost over the phone's timer and the RA's, and over the wait alone.

`grid.json`, from which the report draws its heatmap and its curve.
"""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from loadtests.tuning.bench import Scored
from loadtests.tuning.sweep import Search
from loadtests.tuning.tunables import Tunables

NAME = "grid.json"
READS_SECONDS = (5.0, 7.0, 10.0, 15.0, 20.0, 30.0, 45.0, 60.0, 90.0, 120.0)
TOTALS_SECONDS = (4.0, 7.0, 10.0, 15.0, 20.0, 30.0, 45.0, 60.0, 90.0, 120.0)


class Cell(msgspec.Struct, frozen=True):
    """The recommendation with these two timers instead; counts are for each phone, all conditions' mean."""

    read_seconds: float
    total_seconds: float
    loss: float
    missed: float
    false_timeouts: float
    orphans: float


class Grid(msgspec.Struct, frozen=True):
    """Cells by rows of `read`."""

    cells: tuple[Cell, ...]


def cells(search: Search, best: Tunables) -> Grid:
    """By simulation, with one seed; the RA's timers of single calls are its total's, none is shorter."""
    settings = [_with(best, read, total) for read in READS_SECONDS for total in TOTALS_SECONDS]
    return Grid(
        tuple(
            map(_cell, search.score(settings, search.seeds("grid", 1), phones=search.settings.screen_phones))
        )
    )


def write(search: Search, best: Tunables, folder: Path) -> None:
    """`grid.json` in the folder."""
    (folder / NAME).write_bytes(msgspec.json.format(msgspec.json.encode(cells(search, best))) + b"\n")


def read(path: Path) -> Grid:
    """The grid at `path`."""
    return msgspec.json.decode(path.read_bytes(), type=Grid)


def _with(best: Tunables, read_seconds: float, total_seconds: float) -> Tunables:
    names: Sequence[str] = ("connect", "login", "form", "submit", "download", "total")
    return msgspec.structs.replace(best, read=read_seconds, **dict.fromkeys(names, total_seconds))


def _cell(scored: Scored) -> Cell:
    found, terms = scored.tunables, scored.terms
    return Cell(found.read, found.total, scored.loss, terms.missed, terms.false_timeouts, terms.orphans)
