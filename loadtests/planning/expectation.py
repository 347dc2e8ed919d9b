"""What to expect of batches of phones: the same plan simulated again and again, each time with other chances.

An interval reaches from the lowest to the highest of its replications. The run that is to come is one more of
the same kind, so of 40 in all each is as likely as another to be the lowest or the highest: with 39
replications it lies inside with 95 %, whatever the distribution.
"""

from collections.abc import Callable, Sequence
from statistics import median
from typing import Annotated

import msgspec
from msgspec import Meta

from loadtests.planning.replication import Replication

REPLICATIONS = 39


class Interval(msgspec.Struct, frozen=True):
    """What to expect: the middle one of all replications, the lowest and the highest."""

    expected: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Interval":
        """Of the replications' values, of which there is at least one."""
        return cls(median(values), min(values), max(values))

    def holds(self, value: float) -> bool:
        """Whether the value lies in it."""
        return self.low <= value <= self.high


class Expectation(msgspec.Struct, frozen=True):
    """A plan's outcome; intervals are null where there is no such limit, or no phone enrolled."""

    replications: Annotated[int, Meta(ge=1)]
    coverage: Annotated[float, Meta(description="How likely one more run lies in an interval, 0 to 1")]
    duration_seconds: Annotated[Interval, Meta(description="From the first batch to the last try's end")]
    enrolled: Annotated[Interval, Meta(description="Phones")]
    failed: Annotated[Interval, Meta(description="Phones that used up their tries")]
    ra_timeouts: Annotated[Interval, Meta(description="Timers of the RA that went off")]
    phone_timeouts: Annotated[Interval, Meta(description="Tries that a phone gave up")]
    orphans: Annotated[Interval, Meta(description="Certificates that no phone got")]
    retries: Annotated[Interval, Meta(description="Tries after a phone's first")]
    latency_p50_seconds: Annotated[Interval | None, Meta(description="Of tries that enrolled")]
    latency_p99_seconds: Annotated[Interval | None, Meta(description="Of tries that enrolled")]
    ra_workers_busy_share: Interval | None
    ra_cpu_busy_share: Interval | None
    ca_threads_busy_share: Interval | None
    ca_signing_busy_share: Interval | None
    broken_share: Annotated[float, Meta(description="Of the replications, that do not keep all; 0 to 1")]
    ra_pool_busy_share: Interval | None = None

    @property
    def timeouts(self) -> float:
        """Timers that go off, the RA's and the phones'."""
        return self.ra_timeouts.expected + self.phone_timeouts.expected

    @property
    def trouble(self) -> float:
        """Timers that go off, orphans and phones that fail, together."""
        return self.timeouts + self.orphans.expected + self.failed.expected


def expect(replications: Sequence[Replication]) -> Expectation:
    """What they say together; there is at least one."""

    def over(value: Callable[[Replication], float | None]) -> Interval | None:
        known = [found for each in replications if (found := value(each)) is not None]
        return Interval.of(known) if known else None

    def always(value: Callable[[Replication], float]) -> Interval:
        return Interval.of([value(each) for each in replications])

    count = len(replications)
    return Expectation(
        replications=count,
        coverage=(count - 1) / (count + 1),
        duration_seconds=always(lambda each: each.duration_seconds),
        enrolled=always(lambda each: each.enrolled),
        failed=always(lambda each: each.failed),
        ra_timeouts=always(lambda each: each.ra_timeouts),
        phone_timeouts=always(lambda each: each.phone_timeouts),
        orphans=always(lambda each: each.orphans),
        retries=always(lambda each: each.retries),
        latency_p50_seconds=over(lambda each: each.latency_p50_seconds),
        latency_p99_seconds=over(lambda each: each.latency_p99_seconds),
        ra_workers_busy_share=over(lambda each: each.ra_workers_busy_share),
        ra_cpu_busy_share=over(lambda each: each.ra_cpu_busy_share),
        ca_threads_busy_share=over(lambda each: each.ca_threads_busy_share),
        ca_signing_busy_share=over(lambda each: each.ca_signing_busy_share),
        broken_share=sum(each.broken is not None for each in replications) / count,
        ra_pool_busy_share=over(lambda each: each.ra_pool_busy_share),
    )
