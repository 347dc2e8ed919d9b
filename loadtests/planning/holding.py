"""How large a batch may be: the search for the largest one that a chain bears again and again."""

import math
from dataclasses import dataclass

import msgspec

from loadtests.planning.batches import Batches
from loadtests.planning.goal import Goal
from loadtests.planning.replication import replicate
from loadtests.simulation.settings import ChainModel

_PRECISE_SHARE = 0.04
_LEAST_PHONES = 1500
_LEAST_BATCHES, _MOST_BATCHES = 4, 40
_TRIES, _NEAR = 2, 1.08


@dataclass(frozen=True, slots=True)
class Held:
    """The largest size, 0 when not even one phone holds; `limit` is what larger ones break, or None."""

    size: int
    limit: str | None


def largest_batch(model: ChainModel, batches: Batches, goal: Goal, seed: int) -> Held:
    """The largest size, within 4 %, that holds at the spacing of `batches`.

    The search begins at the size that `batches` has.
    """
    held, too_many, size, limit = 0, batches.phones + 1, batches.size, None
    while held < size < too_many:
        broken = breaks(model, shown(msgspec.structs.replace(batches, size=size)), goal, seed)
        if broken is None:
            held = size
        else:
            too_many, limit = size, broken
        size = _next(held, too_many, batches.phones, is_second=size == batches.size)
    return Held(held, limit)


def shown(batches: Batches) -> Batches:
    """The first of them, as many as it takes to see whether they hold."""
    return batches.first(min(max(_LEAST_BATCHES, -(-_LEAST_PHONES // batches.size)), _MOST_BATCHES))


def breaks(model: ChainModel, batches: Batches, goal: Goal, seed: int) -> str | None:
    """What two simulations of the batches break, in words; None when they hold."""
    made = (each.broken for each in replicate(model, batches, goal, seed, _TRIES))
    return next((broken for broken in made if broken is not None), None)


def _next(held: int, too_many: int, most: int, *, is_second: bool) -> int:
    """The size to try next; one that is known already when there is none. The first is often a good guess."""
    if not held:
        return math.floor(too_many / _NEAR) if is_second else too_many // 2
    if too_many > most:
        return min(math.ceil(_NEAR * held) if is_second else 2 * held, most)
    if too_many - held <= max(1, held * _PRECISE_SHARE):
        return held
    return (held + too_many) // 2
