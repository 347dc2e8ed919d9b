"""Logs while they are written, as metrics: which files there are, what is new in them."""

import contextlib
import datetime as dt
import functools
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from exporters.endpoint import Health
from exporters.logs import families
from exporters.logs.errors import LogsError
from exporters.logs.follower import Follower
from exporters.logs.ledger import Totals
from exporters.logs.moments import LocalTime, TimeOfDay, date_near
from exporters.logs.reading import Manner, Readers
from exporters.logs.sources import find_logs

_RESOLUTION_SECONDS = 1.0
_PIECES_AT_ONCE = 64


class Watch:
    """Follows the logs among `places`, new files in its folders too. `totals` is what to show.

    What is there at the start is skipped unless `from_start`. `clock` gives seconds since the epoch.
    """

    def __init__(
        self, places: Sequence[Path], manner: Manner, clock: Callable[[], float], *, from_start: bool = False
    ) -> None:
        self.totals = Totals()
        self._places, self._clock = places, clock
        self._local = LocalTime(manner.zone("capf"))
        self._date = functools.lru_cache(maxsize=16)(self._date_of)
        self._readers = Readers(manner, self.totals, self._dated, clock, _RESOLUTION_SECONDS)
        self._followers: dict[Path, Follower] = {}
        self._strange: set[Path] = set()
        self.totals.set(families.TIMER_SECONDS, (families.READ_TIMER,), manner.capf_timer_seconds)
        for timer in families.RA_TIMERS:
            self.totals.set(families.RA_TIMER_SECONDS, (timer,), manner.ra_timer_seconds)
        for log in families.LOGS:
            self.totals.begin(families.LINES, log)
        self._look(from_start=from_start)

    @property
    def followed(self) -> list[tuple[str, Path]]:
        """The files that are followed, each with its log."""
        return [(follower.log, follower.path) for follower in self._followers.values()]

    @property
    def strange(self) -> list[Path]:
        """Files that are no log that is known."""
        return sorted(self._strange)

    def poll(self) -> None:
        """Read all that is new."""
        self._look(from_start=True)
        for path, follower in list(self._followers.items()):
            self._read(follower)
            if follower.deleted:
                self._readers_done(follower)
                del self._followers[path]
        self._show()

    def health(self) -> Health:
        """Which files are followed, and the shapes of lines that could not be read."""
        files = {str(follower.path): follower.log for follower in self._followers.values()}
        samples = [
            {"log": sample.log, "reason": sample.reason, "shape": sample.shape}
            for sample in self._readers.unreadable.samples
        ]
        closed = [str(follower.path) for follower in self._followers.values() if not follower.open]
        return Health(
            bool(files) and not closed, {"files": files, "cannot_open": closed, "unreadable": samples}
        )

    def close(self) -> None:
        """Close all files."""
        for follower in self._followers.values():
            follower.close()

    def _read(self, follower: Follower) -> None:
        """What is new, but not so much that others wait; a disk that fails may do better next time."""
        with contextlib.suppress(OSError):
            for _ in range(_PIECES_AT_ONCE):
                if not follower.poll(self._clock()):
                    return

    def _known(self, path: Path) -> bool:
        return path in self._followers or path in self._strange

    def _look(self, *, from_start: bool) -> None:
        try:
            found, strange = find_logs((place for place in self._places if place.exists()), self._known)
            self._strange |= {path for path in strange if path.stat().st_size}
        except FileNotFoundError:  # gone while it was looked at
            return
        except OSError as error:
            raise LogsError(f"cannot look for logs: {error}") from error
        for file in found:
            if file.rotated:
                continue
            reader = self._readers.reader(file.log)
            follower = Follower(file.path, file.log, reader, self.totals, self._readers.unreadable)
            if not from_start:
                follower.skip_to_end()
            self._followers[file.path] = follower

    def _readers_done(self, follower: Follower) -> None:
        follower.close()
        self._readers.reader(follower.log).finish(self._clock())

    def _show(self) -> None:
        files: Counter[str] = Counter()
        unread: Counter[str] = Counter()
        last: dict[str, float] = {}
        for follower in self._followers.values():
            files[follower.log] += 1
            unread[follower.log] += follower.unread_bytes
            if follower.last_at:
                last[follower.log] = max(last.get(follower.log, 0.0), follower.last_at)
        for log in families.LOGS:
            self.totals.set(families.FILES, (log,), files[log])
            self.totals.set(families.BEHIND, (log,), unread[log])
        for log, at in last.items():
            self.totals.set(families.LAST_EVENT, (log,), at)
        self.totals.set(families.UNDER_WAY, ("capf",), self._readers.capf.under_way)

    def _dated(self, time: TimeOfDay) -> float:
        """CAPF's line is of the day on which its time is nearest to now."""
        now = self._clock()
        return self._local.at(
            self._date(time.hour, time.minute, int(now // 60)), time.hour, time.minute, time.second
        )

    def _date_of(self, hour: int, minute: int, now_minute: int) -> dt.date:
        return date_near(TimeOfDay(hour, minute, 0.0), now_minute * 60.0, self._local.zone)
