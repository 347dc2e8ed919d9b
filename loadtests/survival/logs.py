"""How long calls and enrollments of production took, as its logs tell, each with whether it was cut.

The RA's log has whole seconds, but the exact time of a call that it cut; the CA's has milliseconds, of calls
that the RA had cut too; CAPF's trace has milliseconds, up to CAPF's read timer.
"""

import datetime as dt
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from exporters.logs import families
from exporters.logs.est_errors import GOOD
from exporters.logs.iis import IisReader
from exporters.logs.iis_row import NO_TIME, Group, Judge
from exporters.logs.ledger import Ledger, Metered
from exporters.logs.lines import LineBlocks, encoding_of
from exporters.logs.moments import DatedTimes
from exporters.logs.reading import Manner, Reader, Readers
from exporters.logs.sources import LogFile, chunks
from exporters.logs.unreadable import Unreadable

_FINE_MS, _RATIO, _LONGEST_MS = 1_000, 1.002, 3_600_000


def _edges_ms() -> tuple[float, ...]:
    edges = [float(edge) for edge in range(_FINE_MS + 1)]
    while edges[-1] < _LONGEST_MS:
        edges.append(edges[-1] * _RATIO)
    return tuple(edges)


_EDGES_MS = _edges_ms()


@dataclass(frozen=True, slots=True)
class Timed:
    """`number` things that took `seconds` each and ended at `at`.

    `said` is how they ended: libEST's error of an enrollment, curl's cause of a call of the RA's ("": well),
    the status of a request to the CA, of which the client may have `gone`.
    """

    at: float
    seconds: float
    said: str
    gone: bool = False
    number: int = 1


@dataclass(slots=True)
class Heard:
    """All that the logs tell: enrollments of CAPF, calls of the RA and requests to the CA by stage."""

    enrollments: list[Timed] = field(default_factory=list)
    calls: dict[str, list[Timed]] = field(default_factory=lambda: defaultdict(list))
    requests: dict[str, list[Timed]] = field(default_factory=lambda: defaultdict(list))
    unreadable: int = 0


class _Listener(Ledger):
    """Takes single times from readers that count: what is counted just before says how it ended."""

    def __init__(self, heard: Heard) -> None:
        self._heard = heard
        self._said = ""

    def count(self, metered: Metered, labels: tuple[str, ...], at: float, amount: float = 1.0) -> None:  # noqa: ARG002
        """Remember how the next one ended."""
        if metered is families.SUCCEEDED:
            self._said = GOOD
        elif metered in (families.FAILED, families.RA_FAILURES):
            self._said = labels[1]
        elif metered is families.RA_CALLS and labels[1] == "good":
            self._said = ""
        elif metered is families.UNREADABLE:
            self._heard.unreadable += round(amount)

    def observe(self, metered: Metered, labels: tuple[str, ...], at: float, value: float) -> None:
        """Keep the time of an enrollment or of a call."""
        if metered is families.SERVICE:
            self._heard.enrollments.append(Timed(at, value, self._said))
        elif metered is families.RA_STAGE:
            self._heard.calls[labels[0]].append(Timed(at, value, self._said))

    def _add(self, series: object, at: float, slot: int, amount: float) -> None:
        """Sums are of no use here."""


def hear(files: Sequence[LogFile], manner: Manner, clock: Callable[[], float] = time.time) -> Heard:
    """What these logs tell. LogsError for a file that cannot be read."""
    heard = Heard()
    listener = _Listener(heard)
    # Times of day are enough for lengths, and for the order within a file.
    dates = DatedTimes(manner.zone("capf"), dt.datetime.fromtimestamp(clock(), dt.UTC).date())
    readers = Readers(manner, listener, dates.at, clock, 1.0)
    for file in files:
        _feed(
            _iis_reader(heard, manner, clock) if file.log == "iis" else readers.reader(file.log), file, clock
        )
    for log in {file.log for file in files} - {"iis"}:
        readers.reader(log).finish(clock())
    return heard


def _iis_reader(heard: Heard, manner: Manner, clock: Callable[[], float]) -> Reader:
    def book(group: Group, rows: int, sum_ms: int) -> None:
        if group.bucket != NO_TIME:
            timed = Timed(group.at, sum_ms / rows / 1000, group.status, group.gone, rows)
            heard.requests[group.stage].append(timed)

    listener = _Listener(heard)
    return IisReader(listener, Unreadable(listener), Judge(manner.zone("iis"), clock, 1.0, _EDGES_MS), book)


def _feed(reader: Reader, file: LogFile, clock: Callable[[], float]) -> None:
    blocks: LineBlocks | None = None
    for chunk in chunks(file.path):
        blocks = blocks or LineBlocks(encoding_of(chunk[:2]))
        reader.read(blocks.feed(chunk), clock())
    if blocks:
        reader.read(blocks.finish(), clock())
