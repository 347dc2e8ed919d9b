"""One row of an IIS log, judged: its time, its stage of an enrollment, its status, how long it took."""

import bisect
import datetime as dt
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from exporters.logs.families import CA_RESPONSE
from exporters.logs.moments import EARLIEST

DEFAULT_FIELDS = (
    b"#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) "
    b"cs(Referer) sc-status sc-substatus sc-win32-status time-taken"
)
EDGES_MS = tuple(edge * 1000 for edge in CA_RESPONSE.edges)
NO_TIME = -1
_MOST_COLUMNS = 200
_DAY_SECONDS = 86_400
# 64: the network name is no longer available, 121: semaphore timeout, 995: aborted, 1236: connection aborted.
_GONE = frozenset({b"64", b"121", b"995", b"1236"})
_STAMP = re.compile(rb"(\d{4})-(\d\d)-(\d\d) ([01]\d|2[0-3]):([0-5]\d):([0-5]\d|60)")
_STATUS = re.compile(rb"[1-5]\d\d")
TAKEN = r"^[0-9]{1,10}$"
_TAKEN = re.compile(TAKEN.encode())
_PAGES = {
    b"certfnsh.asp": "submit",
    b"certnew.cer": "download",
    b"certnew.p7b": "download",
    b"certcrl.crl": "download",
}
_PAGES |= dict.fromkeys((b"", b"certsrv", b"default.asp"), "login")
_PAGES |= dict.fromkeys(
    (b"certrqxt.asp", b"certrqus.asp", b"certrqad.asp", b"certrqbi.asp", b"certrqma.asp", b"certcarc.asp",
     b"certsces.asp", b"certckpn.asp", b"certrmpn.asp"), "form",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Columns:
    """Where the fields that count stand, from 0; `width` is how many columns there are."""

    width: int
    date: int
    time: int
    stem: int
    status: int
    win32: int | None
    taken: int | None

    @property
    def wanted(self) -> list[int]:
        """The columns that are read, in their order in `Row`."""
        places = (self.date, self.time, self.stem, self.status, self.win32, self.taken)
        return [place for place in places if place is not None]


def columns_of(directive: bytes) -> Columns | None:
    """The columns that a `#Fields` line names; None when those are not enough to count rows by."""
    names = directive.removeprefix(b"#Fields:").split()
    places = {name: place for place, name in enumerate(names)}
    try:
        date, time, stem, status = (places[name] for name in (b"date", b"time", b"cs-uri-stem", b"sc-status"))
    except KeyError:
        return None
    if len(names) > _MOST_COLUMNS:
        return None
    win32, taken = places.get(b"sc-win32-status"), places.get(b"time-taken")
    return Columns(len(names), date, time, stem, status, win32, taken)


class Row(NamedTuple):
    """The fields of a row as bytes, `-` where the log has no such column, None where the row is short."""

    date: bytes | None
    time: bytes | None
    stem: bytes | None
    status: bytes | None
    win32: bytes | None
    taken: bytes | None


class Group(NamedTuple):
    """Rows counted together. `bucket` is that of the response time, NO_TIME where the log has none."""

    at: float
    stage: str
    status: str
    gone: bool
    bucket: int


@dataclass(slots=True)
class Table:
    """What a block of rows comes to: requests and milliseconds by group, unreadable rows by reason."""

    groups: dict[Group, list[int]] = field(default_factory=dict)
    unreadable: Counter[str] = field(default_factory=Counter)

    def add(self, group: Group | str, rows: int, taken_ms: int) -> None:
        """So many rows of one group, or unreadable ones."""
        if isinstance(group, str):
            self.unreadable[group] += rows
            return
        sums = self.groups.setdefault(group, [0, 0])
        sums[0] += rows
        sums[1] += taken_ms


class Judge:
    """Knows what a row's fields mean. `zone` is UTC but for servers that were told otherwise.

    Moments are cut to `resolution_seconds`, response times are told apart by `edges_ms`. What says it was
    more than a day after `clock` cannot be true.
    """

    def __init__(
        self,
        zone: dt.tzinfo | None,
        clock: Callable[[], float],
        resolution_seconds: float,
        edges_ms: Sequence[float] = EDGES_MS,
    ) -> None:
        self.edges_ms = edges_ms
        self._zone, self._clock, self._resolution_seconds = zone, clock, resolution_seconds
        self._hour: tuple[bytes, float] = (b"", 0.0)
        self._stages: dict[bytes, str] = {}

    def group(self, row: Row, bucket: int) -> Group | str:
        """The row's group, or the reason why it cannot be read; `bucket` is for its response time."""
        if (
            row.date is None
            or row.time is None
            or row.stem is None
            or row.status is None
            or row.win32 is None
        ):
            return "fields"
        if not _STATUS.fullmatch(row.status):
            return "fields"
        at = self._moment(row.date, row.time)
        if at is None:
            return "time"
        at -= at % self._resolution_seconds
        return Group(at, self._stage(row.stem), row.status.decode("ascii"), row.win32 in _GONE, bucket)

    def _moment(self, date: bytes, time: bytes) -> float | None:
        stamp = date + b" " + time
        found = _STAMP.fullmatch(stamp)
        if found is None:
            return None
        hour = stamp[:13]
        if hour != self._hour[0]:
            year, month, day, hour_of_day = map(int, found.groups()[:4])
            try:
                start = dt.datetime(year, month, day, hour_of_day, tzinfo=self._zone).timestamp()
            except (ValueError, OverflowError):
                return None
            self._hour = (hour, start)
        at = self._hour[1] + int(found[5]) * 60 + int(found[6])
        return at if EARLIEST <= at <= self._clock() + _DAY_SECONDS else None

    def _stage(self, stem: bytes) -> str:
        known = self._stages.get(stem)
        if known is None:
            known = stage_of(stem)
            if len(self._stages) < 1_000:
                self._stages[stem] = known
        return known


def stage_of(stem: bytes) -> str:
    """The stage that the CA's own metrics give a page of /certsrv; `other` for everything else."""
    path = stem.lower()
    if path != b"/certsrv" and not path.startswith(b"/certsrv/"):
        return "other"
    return _PAGES.get(path.rpartition(b"/")[2], "other")


def row_of(line: bytes, columns: Columns) -> Row | None:
    """The fields of a line; None: it is a directive or has nothing in it."""
    if line.startswith(b"#"):
        return None
    words = line.split(b" ", columns.width)
    picked = [_word(words, place) for place in columns.wanted]
    if not any(picked):
        return None
    return row_with(picked, columns)


def row_with(picked: Iterable[bytes | None], columns: Columns) -> Row:
    """The row that the wanted columns' fields make."""
    rest = iter(picked)
    date, time, stem, status = (next(rest) for _ in range(4))
    win32 = b"-" if columns.win32 is None else next(rest)
    taken = b"-" if columns.taken is None else next(rest)
    return Row(date, time, stem, status, win32, taken)


def taken_of(row: Row, edges_ms: Sequence[float]) -> tuple[int, int] | None:
    """Bucket and milliseconds of a row's response time; None when what stands there is no time."""
    if row.taken == b"-":
        return NO_TIME, 0
    if row.taken is None or not _TAKEN.match(row.taken):
        return None
    milliseconds = int(row.taken)
    return bisect.bisect_left(edges_ms, milliseconds), milliseconds


def read_line(line: bytes, columns: Columns, judge: Judge) -> tuple[Group | str, int] | None:
    """Group (or why there is none) and milliseconds of one line; None: nothing is to be counted."""
    row = row_of(line, columns)
    if row is None:
        return None
    taken = taken_of(row, judge.edges_ms)
    return ("fields", 0) if taken is None else (judge.group(row, taken[0]), taken[1])


def _word(words: list[bytes], place: int) -> bytes | None:
    if place >= len(words):
        return None
    return words[place].rstrip(b"\r") or None
