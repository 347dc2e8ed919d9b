"""Orphans while a storm runs: what the CA has issued, less what phones have taken.

A certificate that no phone has taken is on its way for as long as a phone may wait for it, and an orphan
then. One that the RA hands out late ceases to be one.
"""

import contextlib
from collections.abc import Iterable, Iterator

import msgspec

from exporters.storm import StormMetrics
from exporters.targets import listed
from loadtests.results.journal import Attempt
from loadtests.results.orphans import read_mark
from loadtests.scenario import Scenario
from loadtests.storm.resumption import ca_records
from loadtests.storm.run_folder import RunFolder
from testbed.ca.following import IssuedFollower
from testbed.errors import DatabaseError
from testbed.showing import metrics_shown

JOB = "estorm-storm"
_EVERY_SECONDS = 1.0
# From the end of a phone's attempt until this process has read of it.
_NEWS_SECONDS = 2.0


class Undelivered:
    """Certificates that were issued and taken by no phone, by when they were first seen.

    They are orphans after `patience_seconds`.
    """

    def __init__(self, patience_seconds: float) -> None:
        self._patience_seconds = patience_seconds
        self._seen: dict[str, float] = {}
        self._taken: set[str] = set()

    def issued(self, serials: Iterable[str], now: float) -> None:
        """These were issued, if a phone has not been faster than the news of it."""
        for serial in serials:
            if serial in self._taken:
                self._taken.remove(serial)
            else:
                self._seen[serial] = now

    def taken(self, attempts: Iterable[Attempt]) -> None:
        """These attempts have ended."""
        for attempt in attempts:
            if attempt.enrolled and attempt.serial and self._seen.pop(attempt.serial, None) is None:
                self._taken.add(attempt.serial)

    def orphans(self, now: float) -> int:
        """How many have waited too long."""
        return sum(now - seen > self._patience_seconds for seen in self._seen.values())

    def __len__(self) -> int:
        return len(self._seen)


class OrphanWatch:
    """Counts for `metrics`, once a second at most; `follower` None: nothing is known of the CA."""

    def __init__(
        self, follower: IssuedFollower | None, patience_seconds: float, metrics: StormMetrics
    ) -> None:
        self._follower, self._metrics = follower, metrics
        self._undelivered = Undelivered(patience_seconds)
        self._looked_at = float("-inf")

    def take(self, new: Iterable[Attempt], now: float) -> None:
        """These attempts have ended since the last call."""
        if self._follower is None:
            return
        self._undelivered.taken(new)
        if now - self._looked_at >= _EVERY_SECONDS:
            self._looked_at = now
            self._look(now)
            self._show(self._undelivered.orphans(now))

    def settle(self, now: float) -> None:
        """Nobody waits any more: what was not taken never will be."""
        self._look(now)
        self._show(len(self._undelivered))

    def _look(self, now: float) -> None:
        # A database that is busy, or not made yet, is asked again.
        with contextlib.suppress(DatabaseError):
            if self._follower:
                self._undelivered.issued(self._follower.new(), now)

    def _show(self, orphans: int) -> None:
        self._metrics.show(orphans, len(self._undelivered) - orphans)


@contextlib.contextmanager
def orphans_watched(scenario: Scenario, folder: RunFolder) -> Iterator[OrphanWatch]:
    """Watch the CA's database, if one is at hand, and show what it comes to on a port of its own."""
    records, metrics = ca_records(scenario, folder), StormMetrics()
    patience_seconds = scenario.phones.read_timeout_seconds + _NEWS_SECONDS
    if records.database is None:
        yield OrphanWatch(None, patience_seconds, metrics)
        return
    follower = IssuedFollower(records.database, read_mark(folder.ca_mark).request_id)
    anywhere = msgspec.structs.replace(scenario.generator.metrics, port=0)
    with (
        metrics_shown(anywhere, "generator.metrics", metrics.registry) as url,
        listed(folder.storm_targets, {JOB: url}, {"run": folder.name}),
    ):
        yield OrphanWatch(follower, patience_seconds, metrics)
