"""The search space: bounds of each tunable, points of the unit cube as settings, and what must hold of all.

the phone waits longer than the RA     read  >=  total + the network's share
no call outlasts its enrollment        connect, login, form, submit, download  <=  total
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import msgspec

from loadtests.tuning.tunables import Tunables

Scale = Literal["log", "linear", "whole", "choice"]
# Between RA and phone: TLS, the request and the answer on the wire, the RA's own work.
NETWORK_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Dimension:
    """One tunable's range. `why` says what bounds it."""

    name: str
    scale: Scale
    low: float = 0.0
    high: float = 0.0
    choices: tuple[object, ...] = ()
    why: str = ""

    def value(self, unit: float) -> object:
        """What a coordinate in [0, 1) stands for; times with two significant digits."""
        if self.scale == "choice":
            return self.choices[min(int(unit * len(self.choices)), len(self.choices) - 1)]
        if self.scale == "whole":
            return min(int(self.low + unit * (self.high - self.low + 1)), int(self.high))
        if self.scale == "log":
            return rounded(self.low * (self.high / self.low) ** unit)
        return rounded(self.low + unit * (self.high - self.low))


_RA_TIMER = "below 0.5 s a lost packet looks like a dead CA; over 60 s no phone waits"
# `total` is drawn as a share of what the phone's timer leaves for it, so that every point keeps the rule.
DIMENSIONS: tuple[Dimension, ...] = (
    Dimension("read", "log", 4.0, 120.0, why="under 4 s a healthy CA's slowest page is too slow"),
    Dimension("attempts", "whole", 1, 6, why="more tries are more load while the CA is down"),
    Dimension("spacing", "log", 5.0, 120.0, why="under 5 s a phone's tries all fall into one outage"),
    Dimension("connect", "log", 0.5, 60.0, why=_RA_TIMER),
    Dimension("login", "log", 0.5, 60.0, why=_RA_TIMER),
    Dimension("form", "log", 0.5, 60.0, why=_RA_TIMER),
    Dimension("submit", "log", 0.5, 120.0, why="a submission cut off is a certificate lost"),
    Dimension("download", "log", 0.5, 60.0, why=_RA_TIMER),
    Dimension("total", "linear", 0.4, 1.0, why="a share of the phone's timer less the network's"),
    Dimension("resolver", "log", 0.5, 10.0, why="c-ares' own default is 5 s"),
    Dimension("ra_retries", "whole", 0, 3, why="each holds a worker on"),
    Dimension("ra_spacing", "log", 0.1, 10.0, why="at once it meets the same fault"),
    Dimension("ra_stages", "choice", choices=("all", "repeatable")),
    Dimension("hand_out_late", "choice", choices=(False, True)),
    Dimension("handles", "choice", choices=("two", "one")),
    Dimension("reuse", "choice", choices=(False, True)),
    Dimension("workers", "choice", choices=(0, 8, 12, 16, 24, 32), why="each is a process of the RA's"),
)
Point = tuple[float, ...]
_FACTORS = (0.5, 0.75, 1.5, 2.0)


def tunables_at(point: Point, network_seconds: float, *, blocking: bool) -> Tunables:
    """The settings at a point of the unit cube; every point keeps the rules.

    An RA whose workers are not `blocking` has none to tune.
    """
    values = {each.name: each.value(unit) for each, unit in zip(DIMENSIONS, point, strict=True)}
    if not blocking:
        values["workers"] = 0
    drawn = msgspec.convert(values, Tunables)
    total = rounded_down((drawn.read - network_seconds) * drawn.total)
    return msgspec.structs.replace(drawn, total=total).keeping_rules(network_seconds)


def point_of(tunables: Tunables, network_seconds: float) -> Point:
    """The point nearest to these settings: where a search around them begins."""
    return tuple(_coordinate(each, tunables, network_seconds) for each in DIMENSIONS)


def violations(tunables: Tunables, network_seconds: float) -> Iterator[str]:
    """The rules that these settings break, in words; the defaults break the first."""
    patience = tunables.read - network_seconds
    longest = tunables.total or sum(tunables.timers.values())
    if longest > patience + 1e-9:
        bound = f"its total of {longest:g} s" if tunables.total else f"{longest:g} s, all its timers in a row"
        yield (
            f"the phone hangs up after {tunables.read:g} s while the RA may take {bound}: what the CA issues "
            "in between reaches nobody"
        )
    for name, seconds in tunables.timers.items():
        if tunables.total and seconds > tunables.total:
            yield f"{name} waits {seconds:g} s of an enrollment that may take {tunables.total:g} s"


def neighbours(tunables: Tunables, network_seconds: float, *, blocking: bool) -> list[Tunables]:
    """The settings that differ in one value: a choice, or up and down by a part of it."""
    found: dict[Tunables, None] = {}
    for each in DIMENSIONS:
        if each.name == "workers" and not blocking:
            continue
        for value in _others(each, getattr(tunables, each.name), tunables.read - network_seconds):
            changed = msgspec.structs.replace(tunables, **{each.name: value})
            found[changed.keeping_rules(network_seconds)] = None
    found.pop(tunables, None)
    return list(found)


def _others(dimension: Dimension, value: object, patience: float) -> Iterator[object]:
    if dimension.scale == "choice":
        yield from (each for each in dimension.choices if each != value)
        return
    assert isinstance(value, int | float)
    if dimension.scale == "whole":
        yield from (each for each in (value - 1, value + 1) if dimension.low <= each <= dimension.high)
        return
    high = patience if dimension.name == "total" else dimension.high
    low = 1.0 if dimension.name == "total" else dimension.low
    yield from (rounded_down(min(max(value * factor, low), high)) for factor in _FACTORS)


def at_bounds(tunables: Tunables, default: Tunables) -> Iterator[str]:
    """The changed values that lie at the end of their range: more might be better still."""
    for each in DIMENSIONS:
        value = getattr(tunables, each.name)
        if each.scale in ("log", "whole") and value != getattr(default, each.name):
            if value >= each.high:
                yield f"{each.name} is at the top of its range, {each.high:g}"
            elif value <= each.low:
                yield f"{each.name} is at the bottom of its range, {each.low:g}: {each.why}"


def rounded(value: float) -> float:
    """Two significant digits: nobody sets a timer to 7.3146 s."""
    return float(f"{value:.2g}")


def rounded_down(value: float) -> float:
    """Two significant digits, never more than `value`."""
    near = rounded(value)
    return near if near <= value else rounded(near - 10 ** (len(str(int(near))) - 2))


def _coordinate(dimension: Dimension, tunables: Tunables, network_seconds: float) -> float:
    """By trying: the coordinate out of many whose value is nearest."""
    wanted = getattr(tunables, dimension.name)
    if dimension.name == "total":
        wanted = (tunables.total or tunables.read) / max(tunables.read - network_seconds, 1e-9)
    steps = [(step + 0.5) / 120 for step in range(120)]
    return min(steps, key=lambda unit: _distance(dimension.value(unit), wanted))


def _distance(value: object, wanted: object) -> float:
    if isinstance(value, int | float) and isinstance(wanted, int | float):
        return abs(float(value) - float(wanted))
    return float(value != wanted)
