"""Logs of the past into OpenMetrics text with the logs' own times.

CAPF's trace has no dates: a file's last line is taken to be of the day on which the file was last written,
unless the date of the first line of all is given.
"""

import datetime as dt
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from exporters.logs import families
from exporters.logs.capf import time_of
from exporters.logs.errors import LogsError
from exporters.logs.ledger import Ledger
from exporters.logs.lines import LineBlocks, encoding_of, lines_of
from exporters.logs.moments import DatedTimes, TimeOfDay
from exporters.logs.reading import Manner, Readers
from exporters.logs.sources import LogFile, chunks
from exporters.logs.steps import Steps
from exporters.logs.unreadable import Sample

STEP_SECONDS = 15


@dataclass(frozen=True, slots=True)
class Filled:
    """What was read and written."""

    files: int
    size_bytes: int
    samples: int
    unreadable: int
    shapes: Sequence[Sample]


class Backfill:
    """Reads files once, in the order of their last writing, into a database of steps at `scratch`."""

    def __init__(
        self,
        manner: Manner,
        scratch: Path,
        now: float,
        step_seconds: int = STEP_SECONDS,
        capf_date: dt.date | None = None,
    ) -> None:
        self._manner, self._scratch, self._now = manner, scratch, now
        self._step_seconds = step_seconds
        self._dates = DatedTimes(manner.zone("capf"), capf_date) if capf_date else None
        self._date_given = capf_date is not None

    def run(self, files: Sequence[LogFile], out: TextIO) -> Filled:
        """Read `files` and write the text to `out`. LogsError for a file that cannot be used."""
        try:
            return self._run(files, out)
        except sqlite3.Error as error:
            raise LogsError(f"cannot keep the sums in {self._scratch}: {error}; is the disk full?") from error

    def _run(self, files: Sequence[LogFile], out: TextIO) -> Filled:
        size_bytes = 0
        with Steps(self._scratch, self._step_seconds) as steps:
            readers = Readers(self._manner, steps, self._dated, lambda: self._now, self._step_seconds)
            for file in sorted(files, key=lambda file: (file.log, file.path.stat().st_mtime, file.path.name)):
                size_bytes += self._read(file, readers, steps)
            for log in {file.log for file in files}:
                readers.reader(log).finish(self._now)
            samples = steps.write(out, self._now)
        found = readers.unreadable
        return Filled(len(files), size_bytes, samples, found.count, found.samples)

    def _read(self, file: LogFile, readers: Readers, ledger: Ledger) -> int:
        written = min(file.path.stat().st_mtime, self._now)
        if file.log == "capf" and not self._date_given:
            self._dates = self._dates_of(file.path, written)
        reader = readers.reader(file.log)
        blocks: LineBlocks | None = None
        size_bytes = 0
        for chunk in chunks(file.path):
            blocks = blocks or LineBlocks(encoding_of(chunk[:2]))
            size_bytes += len(chunk)
            reader.read(blocks.feed(chunk), written)
        if blocks:
            reader.read(blocks.finish(), written)
            if blocks.oversized:
                at = reader.last_at or written
                readers.unreadable.add(file.log, "long", at, blocks.oversized)
                ledger.count(families.LINES, (file.log,), at, blocks.oversized)
        return size_bytes

    def _dates_of(self, path: Path, written: float) -> DatedTimes:
        zone = self._manner.zone("capf")
        last_date = dt.datetime.fromtimestamp(written, zone).date()
        count = DatedTimes(zone, last_date)
        blocks = LineBlocks(encoding_of(next(chunks(path, 2), b"")))
        for chunk in chunks(path):
            for line in lines_of(blocks.feed(chunk)):
                if time := time_of(line):
                    count.at(time)
        return DatedTimes(zone, last_date - dt.timedelta(days=count.days_passed))

    def _dated(self, time: TimeOfDay) -> float:
        assert self._dates
        return self._dates.at(time)
