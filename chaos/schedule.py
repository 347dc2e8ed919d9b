"""When faults strike: a schedule's entries, and the strikes that come of them. Nothing here waits or acts.

    [[chaos.schedule]]
    fault = { fault = "tcp.latency", hop = "ra-ca", latency = 200 }
    at = 10               # seconds since the load began
    seconds = 5           # how long
    every = 20            # and again

Moments count from the load's begin, in seconds or, with `by = "enrolled"`, in phones enrolled. That is the
moment arrivals count from too: the first phone starts then, or a gap later where the shape has one.
"""

import itertools
import math
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

import msgspec

from chaos.errors import PlanRefused
from chaos.fault import Fault
from chaos.registry import read_fault, write_fault
from testbed.bounds import Settings
from testbed.refusals import explain

Unit = Literal["seconds", "enrolled"]
Reader = Callable[[object, str], Fault]
_Moment = Annotated[float, msgspec.Meta(ge=0, le=10_000_000)]
_Length = Annotated[float, msgspec.Meta(gt=0, le=10_000_000)]


class During(Settings, frozen=True, rename={"begin": "from", "end": "to"}):
    """A stretch of the run."""

    begin: _Moment
    end: _Length


class Ramp(Settings, frozen=True, rename={"begin": "from", "end": "to"}):
    """A parameter that goes from one value to another in equal steps, spread evenly over the strike."""

    parameter: str
    begin: float
    end: float
    steps: Annotated[int, msgspec.Meta(ge=2, le=1000)]


class Entry(Settings, frozen=True):
    """One fault and its moments, `at` or `during`; `docs/chaos.md` tells what goes together.

    `seconds` is how long each strike lasts, None to the end of `during` or of the run. `times` bounds
    `every`, 0 does not. `jitter` moves each strike by up to so much, either way.
    """

    fault: dict[str, object]
    by: Unit = "seconds"
    at: _Moment | None = None
    during: During | None = None
    seconds: Annotated[float, msgspec.Meta(gt=0, le=86_400)] | None = None
    every: _Length | None = None
    times: Annotated[int, msgspec.Meta(ge=0, le=1_000_000)] = 0
    jitter: _Moment = 0.0
    ramp: Ramp | None = None


class Strike(msgspec.Struct, frozen=True):
    """A fault from one moment to another.

    `start` and `end` are in the unit `by`; `seconds` after its start it ends in any case. With neither it
    lasts to the end of the run.
    """

    entry: int
    number: int
    fault: Fault
    by: Unit
    start: float
    end: float | None = None
    seconds: float | None = None

    @property
    def name(self) -> str:
        """How logs and charts call it: `tcp.latency#0.3`, the entry and which of its strikes."""
        return f"{self.fault.name}#{self.entry}.{self.number}"


@dataclass(frozen=True, slots=True)
class Plan:
    """An entry that was understood: its faults, one or one for each step of its ramp."""

    number: int
    entry: Entry
    steps: tuple[Fault, ...]

    def strikes(self, seed: int) -> Iterator[Strike]:
        """What comes of it, in order, without end where nothing bounds it; none overlaps the next."""
        entry = self.entry
        dice = random.Random(f"{seed} chaos.schedule {self.number}")  # noqa: S311 - a schedule, not a secret
        counter, free_from = itertools.count(), 0.0
        for planned in _starts(entry):
            start = max(free_from, planned + dice.uniform(-entry.jitter, entry.jitter))
            end = None if entry.during is None or entry.every else entry.during.end
            for strike in _one(entry, self.steps, start, end):
                free_from = strike.end if strike.end is not None else strike.start + (strike.seconds or 0.0)
                yield msgspec.structs.replace(strike, entry=self.number, number=next(counter))


def read_schedule(tables: object, read: Reader = read_fault) -> tuple[Plan, ...]:
    """The entries in `tables`, each checked; PlanRefused names the entry, the field and what it may be."""
    if not isinstance(tables, Sequence) or isinstance(tables, str):
        raise PlanRefused(f"chaos.schedule: a schedule is a list of entries, not {tables!r}")
    return plan([_read(table, number) for number, table in enumerate(tables)], read)


def plan(entries: Sequence[Entry], read: Reader = read_fault) -> tuple[Plan, ...]:
    """What the entries mean; PlanRefused for the first that makes no sense."""
    plans = []
    for number, entry in enumerate(entries):
        where = _where(number)
        _check_moments(entry, where)
        steps = tuple(_steps(entry, read(entry.fault, f"{where}, `fault`"), where, read))
        plans.append(Plan(number, entry, steps))
    return tuple(plans)


def timeline(plans: Sequence[Plan], seed: int, until: float) -> list[Strike]:
    """Every strike that starts before `until`, seconds or phones as each entry counts, sorted by start."""
    found = [
        strike
        for each in plans
        for strike in itertools.takewhile(lambda strike: strike.start < until, each.strikes(seed))
    ]
    return sorted(found, key=lambda strike: (strike.start, strike.entry, strike.number))


def _read(table: object, number: int) -> Entry:
    try:
        return msgspec.convert(table, Entry)
    except msgspec.ValidationError as error:
        raise PlanRefused(f"{_where(number)}: {explain(error, table, Entry)}") from error


def _where(number: int) -> str:
    return f"chaos.schedule entry {number + 1}"


def _check_moments(entry: Entry, where: str) -> None:
    during, seconds = entry.during, entry.seconds
    rules: Mapping[str, bool] = {
        "give `at` or `during`, not both": entry.at is None or during is None,
        "one of `at` and `during` is missing": entry.at is not None or during is not None,
        "`to` of `during` must be after its `from`": during is None or during.end > during.begin,
        "`every` needs `seconds`, how long each strike lasts": entry.every is None or seconds is not None,
        "`times` needs `every`": entry.times == 0 or entry.every is not None,
        "`seconds` must be less than `every`, so that one strike has ended when the next begins": (
            entry.every is None or entry.by != "seconds" or (seconds or 0) < entry.every
        ),
        "`jitter` must be less than half of what `every` leaves between two strikes": (
            entry.every is None or entry.by != "seconds" or 2 * entry.jitter < entry.every - (seconds or 0)
        ),
        "`ramp` needs `seconds`, or `during` without `every`": (
            entry.ramp is None or seconds is not None or (during is not None and entry.every is None)
        ),
        '`ramp` with `by = "enrolled"` needs `seconds`, how long it takes': (
            entry.ramp is None or entry.by == "seconds" or seconds is not None
        ),
    }
    for rule, kept in rules.items():
        if not kept:
            raise PlanRefused(f"{where}: {rule}")


def _steps(entry: Entry, fault: Fault, where: str, read: Reader) -> Iterator[Fault]:
    """The fault, once for each value of its ramp."""
    ramp = entry.ramp
    if ramp is None:
        yield fault
        return
    table = write_fault(fault)
    if ramp.parameter not in table:
        raise PlanRefused(f"{where}, `ramp.parameter`: {fault.name} has no parameter {ramp.parameter!r}")
    whole = isinstance(table[ramp.parameter], int)
    for step in range(ramp.steps):
        value = ramp.begin + (ramp.end - ramp.begin) * step / (ramp.steps - 1)
        yield read(table | {ramp.parameter: round(value) if whole else value}, f"{where}, `ramp`")


def _starts(entry: Entry) -> Iterator[float]:
    begin, end = entry.at or 0.0, math.inf
    if entry.during is not None:
        begin, end = entry.during.begin, entry.during.end
    if entry.every is None:
        yield begin
        return
    for turn in itertools.count() if not entry.times else range(entry.times):
        start = begin + turn * entry.every
        if start >= end:
            return
        yield start


def _one(entry: Entry, steps: tuple[Fault, ...], start: float, end: float | None) -> Iterator[Strike]:
    """One turn of the entry: a strike, or one for each step of its ramp."""
    strike = Strike(0, 0, steps[0], entry.by, start, end, entry.seconds)
    if len(steps) == 1:
        yield strike
        return
    whole = entry.seconds if entry.seconds is not None else (end or start) - start
    each = whole / len(steps)
    for number, fault in enumerate(steps):
        begin = start + number * each if entry.by == "seconds" else start
        yield msgspec.structs.replace(strike, fault=fault, start=begin, end=None, seconds=each)
