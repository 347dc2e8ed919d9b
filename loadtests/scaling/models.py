"""Both models of a run's levels, as `capacity.json` keeps them under `models`."""

import itertools
from collections.abc import Sequence
from typing import Annotated

import msgspec
import numpy as np
from msgspec import Meta

from loadtests.errors import ModelError
from loadtests.scaling.chain import Chain
from loadtests.scaling.comparison import Comparison, compare
from loadtests.scaling.demands import Limits
from loadtests.scaling.level import Level, usable
from loadtests.scaling.network import Part, Shell
from loadtests.scaling.usl import Usl, fit_usl

_NOTHING_SECONDS = 1e-6
_LOADS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.93, 0.95, 0.97)


class PartDemand(msgspec.Struct, frozen=True):
    """A part of the queueing model; a shell's `seconds` are those for which one of its places is held.

    `servers` 0: nobody waits there.
    """

    name: str
    seconds: Annotated[float, Meta(ge=0, description="For each enrollment, waits left out")]
    servers: int
    scv: Annotated[float, Meta(ge=0, description="Squared coefficient of variation of one visit's time")]


class AtOnce(msgspec.Struct, frozen=True):
    """What the queueing model says of so many phones at a time."""

    concurrency: int
    per_second: float
    latency_mean_seconds: float


class Offered(msgspec.Struct, frozen=True):
    """What the queueing model says of phones that start at random at a rate."""

    per_second: float
    latency_mean_seconds: float
    latency_p50_seconds: float
    latency_p99_seconds: float


class Relief(msgspec.Struct, frozen=True):
    """The rate that the chain could not exceed with twice as many of one part."""

    part: str
    highest_per_second: float | None


class Queueing(msgspec.Struct, frozen=True):
    """The queueing model. `highest_per_second` is the rate that it cannot exceed.

    `reliefs` say what twice as many of each part would make of it, the most helpful first: the `bottleneck`.

    None and empty where nothing limits it.
    """

    parts: list[PartDemand]
    highest_per_second: float | None
    bottleneck: str
    reliefs: list[Relief]
    at_once: list[AtOnce]
    offered: list[Offered]


class Models(msgspec.Struct, frozen=True):
    """The levels and what was made of them; what could not be made is None, and `note` says why."""

    levels: list[Level]
    limits: Limits
    usl: Usl | None = None
    queueing: Queueing | None = None
    comparison: Comparison | None = None
    note: str = ""


def model(levels: Sequence[Level], limits: Limits, seed: int) -> Models:
    """Both models and their comparison, as far as the levels carry them."""
    kept, notes = usable(levels), []
    usl, queueing, comparison = None, None, None
    try:
        usl = fit_usl(levels, seed)
        comparison = compare(levels, limits)
    except ModelError as error:
        notes.append(str(error))
    try:
        queueing = _described(Chain.measured(kept, limits), [level.concurrency for level in kept])
    except ModelError as error:
        notes.append(str(error))
    return Models(list(levels), limits, usl, queueing, comparison, "; ".join(notes))


def offered(chain: Chain, per_second: float) -> Offered | None:
    """What the chain does with phones that start at random at that rate; None when it cannot keep up."""
    found = chain.flow(per_second)
    if found is None:
        return None
    middle, tail = (found.percentile_seconds(share, chain.alone) for share in (0.5, 0.99))
    return Offered(per_second, found.seconds, middle, tail)


def _described(chain: Chain, concurrencies: Sequence[int]) -> Queueing:
    highest = chain.highest_per_second()
    limited = bool(np.isfinite(highest))
    points = [offered(chain, load * highest) for load in _LOADS] if limited and len(chain.alone) else []
    reliefs = chain.reliefs()
    return Queueing(
        parts=_parts(chain.parts()),
        highest_per_second=highest if limited else None,
        bottleneck=next(iter(reliefs), ""),
        reliefs=[Relief(name, rate if np.isfinite(rate) else None) for name, rate in reliefs.items()],
        at_once=[_at_once(chain, n) for n in _between(concurrencies)],
        offered=[point for point in points if point],
    )


def _at_once(chain: Chain, concurrency: int) -> AtOnce:
    per_second = chain.closed_per_second(concurrency)
    return AtOnce(concurrency, per_second, concurrency / per_second)


def _between(concurrencies: Sequence[int]) -> list[int]:
    """The levels, what lies half-way between two of them, and twice the highest."""
    halves = [(low + high) // 2 for low, high in itertools.pairwise(concurrencies)]
    return sorted({*concurrencies, *halves, 2 * concurrencies[-1]})


def _parts(parts: Sequence[Part]) -> list[PartDemand]:
    found = []
    for part in parts:
        if isinstance(part, Shell):
            inside = _parts(part.inside)
            held = sum(each.seconds for each in inside if each.name not in _shells(part.inside))
            found += [PartDemand(part.name, held, part.places, part.scv), *inside]
        elif part.seconds > _NOTHING_SECONDS:
            found.append(PartDemand(part.name, part.seconds, part.servers, part.scv))
    return found


def _shells(parts: Sequence[Part]) -> set[str]:
    """The names of all shells among the parts: what they are held for counts inside them already."""
    named = set()
    for part in parts:
        if isinstance(part, Shell):
            named |= {part.name, *_shells(part.inside)}
    return named
