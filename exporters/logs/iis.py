"""The IIS log in W3C extended format. `#Fields` says what the columns are, anywhere in a file.

    #Fields: date time s-ip cs-method cs-uri-stem ... sc-status sc-substatus sc-win32-status time-taken
    2019-01-16 14:05:02 14.48.31.152 POST /certsrv/certfnsh.asp - 443 ... 200 0 0 15

Times are UTC as IIS writes them. Large blocks go through Polars, which gives the same as row by row.
"""

import re
from collections.abc import Callable, Iterator

from exporters.logs import families
from exporters.logs.iis_frame import read_frame
from exporters.logs.iis_row import (
    DEFAULT_FIELDS,
    NO_TIME,
    Columns,
    Group,
    Judge,
    Table,
    columns_of,
    read_line,
)  # fmt: skip
from exporters.logs.ledger import Ledger
from exporters.logs.unreadable import Unreadable

LOG = "iis"
FRAME_BYTES = 65_536
Book = Callable[[Group, int, int], None]
_FIELDS = b"#Fields:"
_FIELDS_LINE = re.compile(rb"^#Fields:[^\n]*\n", re.MULTILINE)


class IisReader:
    """Reads blocks of lines of one file; `judge` knows what rows mean.

    `book` takes each group of rows, with how many they are and their milliseconds in all; by default they are
    counted in the ledger, whose buckets are those of a judge that was not told others.
    """

    def __init__(
        self, ledger: Ledger, unreadable: Unreadable, judge: Judge, book: Book | None = None
    ) -> None:
        self.last_at: float | None = None
        self._ledger, self._unreadable = ledger, unreadable
        self._judge = judge
        self._book_group = book or self._count
        self._columns: Columns | None = columns_of(DEFAULT_FIELDS)

    def learn(self, head: bytes) -> None:
        """Take the columns from a file's beginning, of which no row is to be counted."""
        for found in _FIELDS_LINE.finditer(head):
            self._columns = columns_of(found[0])

    def read(self, block: bytes, now: float) -> None:
        """Count what the lines say; `now` stands in where a time is missing."""
        for section in self._sections(block):
            if self._columns is None:
                self._refuse_all(section, now)
                continue
            read = read_frame if len(section) >= FRAME_BYTES else read_rows
            table = read(section, self._columns, self._judge)
            self._book(table, now)
            if table.unreadable and self._unreadable.wants(LOG):
                self._sample(section, self._columns)

    def finish(self, now: float) -> None:
        """The log ends here."""

    def _sections(self, block: bytes) -> Iterator[bytes]:
        """The rows between two `#Fields` lines."""
        # To look for the line's beginning is ten times as fast as the expression, and mostly there is none.
        if not block.startswith(_FIELDS) and b"\n" + _FIELDS not in block:
            yield block
            return
        start = 0
        for found in _FIELDS_LINE.finditer(block):
            if found.start() > start:
                yield block[start : found.start()]
            self._columns = columns_of(found[0])
            start = found.end()
        if start < len(block):
            yield block[start:]

    def _refuse_all(self, section: bytes, now: float) -> None:
        """Rows under a `#Fields` line that does not name what is needed."""
        rows = sum(bool(line.strip()) and not line.startswith(b"#") for line in section.split(b"\n"))
        if rows:
            self._ledger.count(families.LINES, (LOG,), self.last_at or now, rows)
            self._unreadable.add(LOG, "fields", self.last_at or now, rows)

    def _book(self, table: Table, now: float) -> None:
        lines = sum(table.unreadable.values())
        for group, (rows, taken_ms) in table.groups.items():
            lines += rows
            self.last_at = max(self.last_at or 0.0, group.at)
            self._book_group(group, rows, taken_ms)
        for reason, rows in table.unreadable.items():
            self._unreadable.add(LOG, reason, self.last_at or now, rows)
        if lines:
            self._ledger.count(families.LINES, (LOG,), self.last_at or now, lines)

    def _count(self, group: Group, rows: int, taken_ms: int) -> None:
        self._ledger.count(families.CA_REQUESTS, (group.stage, group.status), group.at, rows)
        if group.gone:
            self._ledger.count(families.CA_GONE, (group.stage,), group.at, rows)
        if group.bucket != NO_TIME:
            self._ledger.observe_many(
                families.CA_RESPONSE, (group.stage,), group.at, {group.bucket: rows}, taken_ms / 1000
            )

    def _sample(self, section: bytes, columns: Columns) -> None:
        for line in section.split(b"\n"):
            judged = read_line(line, columns, self._judge)
            if judged and isinstance(judged[0], str):
                self._unreadable.keep(LOG, judged[0], line)
                if not self._unreadable.wants(LOG):
                    return


def read_rows(section: bytes, columns: Columns, judge: Judge) -> Table:
    """What the rows come to, each read by itself."""
    table = Table()
    for line in section.split(b"\n"):
        judged = read_line(line, columns, judge)
        if judged is not None:
            table.add(judged[0], 1, judged[1])
    return table
