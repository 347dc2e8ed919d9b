"""The batches that a plan proposes: as small as the window allows, and proven over the whole plan."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from loadtests.planning.batches import Batches
from loadtests.planning.candidates import Asked, Candidate
from loadtests.planning.expectation import REPLICATIONS, Expectation, expect
from loadtests.planning.goal import Goal
from loadtests.planning.replication import Replication, replicate
from loadtests.simulation.settings import ChainModel

# Of the window is kept free where the chain allows it, for what no simulation foresees.
_RESERVE_SHARE = 0.1
_MAY_BREAK_SHARE = 0.05
_SMALLER = 0.93
_MOST_STEPS = 8
_MOST_PHONES_SIMULATED = 5_000_000
_FEWEST_REPLICATIONS = 5


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


def settle(model: ChainModel, asked: Asked, chosen: Candidate, goal: Goal, seed: int) -> Settled:
    """As small as fits into nine tenths of the window, else the whole; else the largest that hold."""
    size, bears = _first_size(asked, chosen), chosen
    for _ in range(_MOST_STEPS):
        batches = Batches(asked.phones, size, chosen.spacing_seconds, asked.within_seconds)
        made = _prove(model, batches, goal, seed)
        if made is not None:
            return Settled(batches, expect(made), bears, keeps=True)
        size = math.floor(size * _SMALLER)
        if not size:
            break
        bears = _bearing(bears, size)
    batches = Batches(asked.phones, _first_size(asked, chosen), chosen.spacing_seconds, asked.within_seconds)
    made = list(replicate(model, batches, goal, seed, _replication_count(asked.phones)))
    return Settled(batches, expect(made), chosen, keeps=False)


def _first_size(asked: Asked, chosen: Candidate) -> int:
    sizes = (
        chosen.batch_for(asked.phones, asked.window_seconds * share) for share in (1 - _RESERVE_SHARE, 1.0)
    )
    return next((size for size in sizes if size <= chosen.largest_batch), chosen.largest_batch)


def _prove(model: ChainModel, batches: Batches, goal: Goal, seed: int) -> Sequence[Replication] | None:
    """The replications of the whole plan; None when too many break a rule."""
    count = _replication_count(batches.phones)
    may_break = math.floor(_MAY_BREAK_SHARE * count)
    made, broken = list[Replication](), 0
    for each in replicate(model, batches, goal, seed, count):
        made.append(each)
        broken += each.broken is not None
        if broken > may_break:
            return None
    return made


def _replication_count(phones: int) -> int:
    return max(_FEWEST_REPLICATIONS, min(REPLICATIONS, _MOST_PHONES_SIMULATED // phones))


def _bearing(candidate: Candidate, size: int) -> Candidate:
    size = min(size, candidate.largest_batch)
    return msgspec.structs.replace(
        candidate, largest_batch=size, rate_per_second=size / candidate.spacing_seconds
    )
