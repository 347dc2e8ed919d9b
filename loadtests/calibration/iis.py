"""What an IIS log says of the CA's pages: how long each took, and with how many others under way.

Two readings, in bounded memory: the first finds out how many requests were under way when, the second counts
times apart by that.
"""

import datetime as dt
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import get_args

from exporters.logs.iis import Book, IisReader
from exporters.logs.iis_row import NO_TIME, Group, Judge
from exporters.logs.ledger import Totals
from exporters.logs.lines import LineBlocks, encoding_of
from exporters.logs.sources import chunks
from exporters.logs.unreadable import Unreadable
from loadtests.calibration.concurrency import Concurrency, level
from loadtests.calibration.histogram import EDGES_MS, Histogram
from loadtests.simulation.settings import Stage

STAGES: tuple[Stage, ...] = get_args(Stage)
_HOUR_SECONDS, _MINUTE_SECONDS = 3600, 60


@dataclass(slots=True)
class StageLog:
    """The rows of one stage: times by level of concurrency, and how many failed or lost their client."""

    by_level: dict[int, Histogram] = field(default_factory=dict)
    failed: int = 0
    gone: int = 0

    @property
    def total(self) -> Histogram:
        """The times of all levels."""
        total = Histogram()
        for histogram in self.by_level.values():
            total.merge(histogram)
        return total


@dataclass(slots=True)
class CaLog:
    """All of one CA's logs. `submissions` are counted by minute, seconds since the epoch over 60."""

    stages: dict[Stage, StageLog] = field(default_factory=lambda: {stage: StageLog() for stage in STAGES})
    concurrency: Concurrency = field(default_factory=Concurrency)
    submissions: Counter[int] = field(default_factory=Counter)
    rows: int = 0
    untimed: int = 0
    unreadable: int = 0


def read_ca_log(paths: Sequence[Path], zone: dt.tzinfo | None, clock: Callable[[], float]) -> CaLog:
    """What these files of one CA say. LogsError when one cannot be read."""
    log = CaLog()
    log.unreadable = _read(paths, zone, clock, lambda *row: _note_concurrency(log, *row))
    _read(paths, zone, clock, lambda *row: _count(log, *row))
    return log


def _read(paths: Sequence[Path], zone: dt.tzinfo | None, clock: Callable[[], float], book: Book) -> int:
    """Book every row; how many lines could not be read."""
    ledger = Totals()
    unreadable = Unreadable(ledger)
    for path in paths:
        reader = IisReader(ledger, unreadable, Judge(zone, clock, 1.0, EDGES_MS), book)
        blocks: LineBlocks | None = None
        for chunk in chunks(path):
            blocks = blocks or LineBlocks(encoding_of(chunk[:2]))
            reader.read(blocks.feed(chunk), clock())
        if blocks:
            reader.read(blocks.finish(), clock())
    return unreadable.count


def _note_concurrency(log: CaLog, group: Group, rows: int, sum_ms: int) -> None:
    if group.bucket != NO_TIME and sum_ms:
        log.concurrency.add(group.at, sum_ms / rows / 1000, rows)


def _count(log: CaLog, group: Group, rows: int, sum_ms: int) -> None:
    log.rows += rows
    found = next((stage for stage in STAGES if stage == group.stage), None)
    # A first leg of NTLM ends with 401 and has done nothing.
    if found is None or group.status == "401":
        return
    stage = log.stages[found]
    if group.status >= "400":
        stage.failed += rows
        return
    stage.gone += rows if group.gone else 0
    if found == "submit":
        log.submissions[int(group.at // _MINUTE_SECONDS)] += rows
    if group.bucket == NO_TIME:
        log.untimed += rows
        return
    beside = level(log.concurrency.beside(group.at, sum_ms / rows / 1000))
    stage.by_level.setdefault(beside, Histogram()).add(group.bucket, rows, sum_ms)


def by_hour(submissions: Counter[int]) -> tuple[float, ...]:
    """Submissions in each hour of the day, UTC, a day's mean over the days that have any."""
    hours = [0] * 24
    days = {minute // (24 * 60) for minute in submissions}
    for minute, number in submissions.items():
        hours[minute // 60 % 24] += number
    return tuple(number / len(days) for number in hours) if days else ()
