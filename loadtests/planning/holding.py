"""How large a batch may be: the search for the largest one that a chain bears again and again."""

import msgspec

from loadtests.planning.batches import Batches
from loadtests.planning.goal import Goal
from loadtests.planning.replication import replicate
from loadtests.simulation.settings import ChainModel

_PRECISE_SHARE = 0.04
_LEAST_PHONES = 1500
_LEAST_BATCHES, _MOST_BATCHES = 4, 40
_TRIES = 2


def largest_batch(model: ChainModel, batches: Batches, goal: Goal, seed: int) -> int:
    """The largest size, within 4 %, that holds at the spacing of `batches`; 0 when not even one phone does.

    The search begins at the size that `batches` has.
    """
    held, broken, size = 0, batches.phones + 1, batches.size
    while held < size < broken:
        if holds(model, msgspec.structs.replace(batches, size=size), goal, seed):
            held = size
        else:
            broken = size
        size = _next(held, broken, batches.phones)
    return held


def holds(model: ChainModel, batches: Batches, goal: Goal, seed: int) -> bool:
    """Whether the first batches, as many as it takes to see it, break nothing."""
    count = min(max(_LEAST_BATCHES, -(-_LEAST_PHONES // batches.size)), _MOST_BATCHES)
    return all(each.broken is None for each in replicate(model, batches.first(count), goal, seed, _TRIES))


def _next(held: int, broken: int, most: int) -> int:
    """The size to try next; one that is known already when there is none."""
    if not held:
        return broken // 2
    if broken > most:
        return min(2 * held, most)
    if broken - held <= max(1, held * _PRECISE_SHARE):
        return held
    return (held + broken) // 2
