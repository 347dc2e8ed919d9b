"""What became of the phones under one setting and one condition: the same numbers for lab and simulation."""

import math
from dataclasses import dataclass
from typing import Annotated, Self

import msgspec
import polars as pl
from msgspec import Meta

from loadtests.simulation.forecast import Forecast
from loadtests.simulation.ledger import Outcome as Ending

_WATCHED_PHONES = 20
_RECOVERED_SHARE = 0.9
_Count = Annotated[int, Meta(ge=0)]


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """One run in the numbers that a search weighs. Times count from a phone's first intended start.

    `enrolled` got their LSC within the window. A phone that never did counts as slower than any, so a
    percentile is None where it falls on such a phone. `timeouts` are tries that a timer ended, the phone's or
    the RA's; `false_timeouts` timers that went off although the answer came after, tries or calls.
    `orphans` are certificates that no phone holds. `wasted_share` is the part of the CA's work that was for
    clients gone meanwhile, `workers_held` how many of the RA's workers were busy on average.
    `recovery_seconds` is how long after a fault's end it took until 9 in 10 of those that started got their
    LSC within the window again; None when they never did, or there was no fault (`recovered` tells which).
    """

    phones: _Count
    enrolled: _Count
    p50_seconds: float | None
    p99_seconds: float | None
    tries: _Count
    timeouts: _Count
    false_timeouts: _Count
    orphans: _Count
    wasted_share: float | None = None
    workers_held: float | None = None
    recovered: bool | None = None
    recovery_seconds: float | None = None

    @property
    def enrolled_share(self) -> float:
        """Of the phones, within the window."""
        return self.enrolled / self.phones if self.phones else 0.0

    @property
    def timeout_rate(self) -> float:
        """The share of tries that a timer ended."""
        return self.timeouts / self.tries if self.tries else 0.0


@dataclass(frozen=True, slots=True)
class Yardstick:
    """How long a phone may take, and when the fault is over after which it is to recover (None: no fault)."""

    window_seconds: float
    fault_over_seconds: float | None = None

    def divided(self, by: float) -> Self:
        """The same for a chain whose times are divided."""
        over = self.fault_over_seconds
        return type(self)(self.window_seconds / by, None if over is None else over / by)


@dataclass(frozen=True, slots=True)
class Losses:
    """What was lost beside time; see Outcome."""

    timeouts: int
    false_timeouts: int
    orphans: int
    wasted_share: float | None = None
    workers_held: float | None = None


def outcome(tries: pl.DataFrame, phones: int, losses: Losses, yardstick: Yardstick) -> Outcome:
    """The outcome of `phones` phones with these tries: `phone`, `started`, `ended`, `enrolled`.

    Times are seconds from the first intended start of all.
    """
    fates = _fates(tries)
    waits = fates["seconds"].drop_nulls().sort().to_list()
    recovered, recovery = _recovery(fates, yardstick)
    return Outcome(
        phones=phones,
        enrolled=sum(seconds <= yardstick.window_seconds for seconds in waits),
        p50_seconds=_rank(waits, phones, 0.50),
        p99_seconds=_rank(waits, phones, 0.99),
        tries=tries.height,
        timeouts=losses.timeouts,
        false_timeouts=losses.false_timeouts,
        orphans=losses.orphans,
        wasted_share=losses.wasted_share,
        workers_held=losses.workers_held,
        recovered=recovered,
        recovery_seconds=recovery,
    )


def of_forecast(forecast: Forecast, yardstick: Yardstick) -> Outcome:
    """The outcome that a simulation says."""
    tries = forecast.tries.with_columns((pl.col("outcome") == Ending.ENROLLED).alias("enrolled"))
    certificates, busy = forecast.certificates, forecast.ca_busy_seconds
    losses = Losses(
        timeouts=tries.height - int(tries["enrolled"].sum()),
        false_timeouts=sum(forecast.false_timeouts.values()),
        orphans=certificates.orphaned + certificates.kept,
        wasted_share=forecast.ca_wasted_seconds / busy if busy else 0.0,
        workers_held=forecast.ra_busy_seconds / forecast.seconds if forecast.seconds else 0.0,
    )
    return outcome(tries, forecast.phones, losses, yardstick)


def _fates(tries: pl.DataFrame) -> pl.DataFrame:
    """A row a phone, in the order of their starts: `start` and `seconds` to enroll (None: never)."""
    ended, started = pl.col("ended").filter(pl.col("enrolled")).min(), pl.col("started").min()
    return (
        tries.group_by("phone").agg(started.alias("start"), (ended - started).alias("seconds")).sort("start")
    )


def _rank(waits: list[float], phones: int, quantile: float) -> float | None:
    rank = math.ceil(phones * quantile) - 1
    return waits[rank] if 0 <= rank < len(waits) else None


def _recovery(fates: pl.DataFrame, yardstick: Yardstick) -> tuple[bool | None, float | None]:
    """From when on 9 in 10 of any 20 phones that started in a row got their LSC in time."""
    over = yardstick.fault_over_seconds
    after = fates.filter(pl.col("start") >= over) if over is not None else fates.clear()
    size = min(_WATCHED_PHONES, after.height)
    if over is None or not size:
        return None, None
    starts = after["start"].to_list()
    well = [seconds is not None and seconds <= yardstick.window_seconds for seconds in after["seconds"]]
    good = [sum(well[at : at + size]) >= _RECOVERED_SHARE * size for at in range(len(well) - size + 1)]
    if not good[-1]:
        return False, None
    last_bad = max((at for at, fine in enumerate(good) if not fine), default=-1)
    return True, starts[last_bad + 1] - over
