"""One way for all logs: which reader a file gets, and in which zone its writer lives."""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from exporters.logs.call_times import CallTimes
from exporters.logs.capf import CapfReader
from exporters.logs.est_errors import EstErrorNames
from exporters.logs.iis import IisReader
from exporters.logs.iis_row import Judge
from exporters.logs.ledger import Ledger
from exporters.logs.moments import LocalTime, TimeOfDay
from exporters.logs.nginx import NginxReader
from exporters.logs.unreadable import Unreadable


class Reader(Protocol):
    """Counts what the lines of one log say."""

    last_at: float | None

    def read(self, block: bytes, now: float) -> None:
        """Take whole lines; `now` stands in where a time is missing."""
        ...

    def finish(self, now: float) -> None:
        """No more lines come."""
        ...


@dataclass(frozen=True, slots=True)
class Manner:
    """How logs are to be read: their writers' zones, libEST's errors, CAPF's read timer, the RA's timers."""

    errors: EstErrorNames
    zones: Mapping[str, dt.tzinfo] = field(default_factory=dict)
    capf_timer_seconds: float = 10.0
    ra_timer_seconds: float = 10.0

    def zone(self, log: str) -> dt.tzinfo | None:
        """The zone of a log's times; by default UTC for IIS, and None, this machine's, for others."""
        return self.zones.get(log) or (dt.UTC if log == "iis" else None)


class Readers:
    """Makes readers that add up in one ledger. CAPF, CES and NGINX have one each, whatever their files."""

    def __init__(
        self,
        manner: Manner,
        ledger: Ledger,
        dated: Callable[[TimeOfDay], float],
        clock: Callable[[], float],
        resolution_seconds: float,
    ) -> None:
        self.manner = manner
        self.unreadable = Unreadable(ledger)
        self._ledger, self._clock = ledger, clock
        self._resolution_seconds = resolution_seconds
        self.capf = CapfReader(ledger, self.unreadable, dated, manner.errors, manner.capf_timer_seconds)
        self._servers = {
            log: NginxReader(
                log, ledger, self.unreadable, LocalTime(manner.zone(log)), manner.errors,
                CallTimes(ledger, manner.ra_timer_seconds),
            )
            for log in ("nginx", "ces")
        }  # fmt: skip

    def reader(self, log: str) -> Reader:
        """The reader for a file of that log; IIS's is the file's own, for it learns the columns there."""
        if log == "iis":
            judge = Judge(self.manner.zone(log), self._clock, self._resolution_seconds)
            return IisReader(self._ledger, self.unreadable, judge)
        shared: dict[str, Reader] = {"capf": self.capf, **self._servers}
        return shared[log]
