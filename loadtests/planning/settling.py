"""The batches that a plan proposes: as small as the window allows, and proven over the whole plan."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from loadtests.planning.batches import Batches
from loadtests.planning.candidates import Asked, Candidate, bearing
from loadtests.planning.expectation import REPLICATIONS, Expectation, expect
from loadtests.planning.goal import Goal
from loadtests.planning.holding import breaks
from loadtests.planning.replication import Replication, replicate
from loadtests.simulation.settings import ChainModel

# Of the window is kept free where the chain allows it, for what no simulation foresees.
_RESERVE_SHARE = 0.1
_MAY_BREAK_SHARE = 0.05
_SMALLER = 0.93
_MOST_STEPS = 8
_MOST_PHONES_SIMULATED = 5_000_000
_FEWEST_REPLICATIONS = 5
_MOST_PHONES_HELD = 50_000
_GLANCES, _ALIKE, _FEW_TROUBLES = 3, 1.1, 5


@dataclass(frozen=True, slots=True)
class Settled:
    """The batches with what to expect of them. `keeps` says whether they keep every rule.

    `bears` is what the spacing bears when the whole plan is looked at: less than its first batches alone
    promised where a backlog, or something rare, comes late.
    """

    batches: Batches
    expected: Expectation
    bears: Candidate
    keeps: bool


def gentlest(
    model: ChainModel, asked: Asked, found: Sequence[Candidate], goal: Goal, seed: int
) -> Candidate | None:
    """The one whose batches meet least trouble; of those that are alike the longest spacing, for the fewest.

    Retries that come just as a later batch begins can make one spacing much worse than another.
    """
    if len(found) < 2:
        return next(iter(found), None)
    trouble = {
        each.spacing_seconds: _trouble(
            model, _few(_batches(asked, each, _first_size(asked, each))), goal, seed
        )
        for each in found
    }
    least = min(trouble.values(), default=0.0)
    calm = [each for each in found if trouble[each.spacing_seconds] <= _ALIKE * least + _FEW_TROUBLES]
    return max(calm, key=lambda each: each.spacing_seconds, default=None)


def settle(model: ChainModel, asked: Asked, chosen: Candidate, goal: Goal, seed: int) -> Settled:
    """As small as fits into nine tenths of the window, else the whole; else the largest that hold."""
    first, bears = _first_size(asked, chosen), chosen
    for size in _sizes(first):
        batches = _batches(asked, chosen, size)
        made = _prove(model, batches, goal, seed)
        if not isinstance(made, str):
            return Settled(batches, expect(made), _proven(model, asked, bears, size, goal, seed), keeps=True)
        bears = bearing(bears, min(_smaller(size), bears.largest_batch), made, asked)
    batches = _batches(asked, chosen, first)
    replications = list(replicate(model, batches, goal, seed, _replication_count(asked.phones)))
    return Settled(batches, expect(replications), chosen, keeps=False)


def _proven(model: ChainModel, asked: Asked, bears: Candidate, size: int, goal: Goal, seed: int) -> Candidate:
    """What the spacing bears of the whole plan, `size` at least; of a large one, of its first batches."""
    while bears.largest_batch > size:
        largest = bears.largest_batch
        broken = breaks(model, _few(_batches(asked, bears, largest)), goal, seed)
        if broken is None:
            break
        bears = bearing(bears, max(size, _smaller(largest)), broken, asked)
    return bears


def _batches(asked: Asked, spacing: Candidate, size: int) -> Batches:
    return Batches(asked.phones, size, spacing.spacing_seconds, asked.within_seconds)


def _few(batches: Batches) -> Batches:
    """The whole plan, or the first part of a very large one."""
    return batches.first(math.ceil(_MOST_PHONES_HELD / batches.size))


def _trouble(model: ChainModel, batches: Batches, goal: Goal, seed: int) -> float:
    return expect(list(replicate(model, batches, goal, seed, _GLANCES))).trouble


def _sizes(first: int) -> Iterator[int]:
    """Smaller and smaller ones."""
    for _ in range(_MOST_STEPS):
        if not first:
            return
        yield first
        first = _smaller(first)


def _smaller(size: int) -> int:
    return math.floor(size * _SMALLER)


def _first_size(asked: Asked, chosen: Candidate) -> int:
    sizes = (
        chosen.batch_for(asked.phones, asked.window_seconds * share) for share in (1 - _RESERVE_SHARE, 1.0)
    )
    return next((size for size in sizes if size <= chosen.largest_batch), chosen.largest_batch)


def _prove(model: ChainModel, batches: Batches, goal: Goal, seed: int) -> Sequence[Replication] | str:
    """The replications of the whole plan; when too many do not keep all, what the last of these broke."""
    count = _replication_count(batches.phones)
    may_break = math.floor(_MAY_BREAK_SHARE * count)
    made, broken = list[Replication](), 0
    for each in replicate(model, batches, goal, seed, count):
        made.append(each)
        if each.broken is None:
            continue
        broken += 1
        if broken > may_break:
            return each.broken
    return made


def _replication_count(phones: int) -> int:
    return max(_FEWEST_REPLICATIONS, min(REPLICATIONS, _MOST_PHONES_SIMULATED // phones))
