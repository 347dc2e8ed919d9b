"""Which spacings there are to choose from, and how many phones each of them bears."""

import math
from collections.abc import Iterator, Sequence
from typing import Annotated

import msgspec
from msgspec import Meta

from loadtests.planning.batches import Batches
from loadtests.planning.goal import Goal
from loadtests.planning.holding import largest_batch
from loadtests.planning.replication import replicate
from loadtests.simulation.settings import ChainModel

# Spacings that people set a job to.
_SPACINGS_SECONDS = (5.0, 10.0, 15.0, 20.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1800.0, 3600.0)
_FEWEST_BATCHES, _MOST_BATCHES = 4, 1500
_SHORT_SECONDS = 15.0
_AS_GOOD = 0.95


class Asked(msgspec.Struct, frozen=True):
    """What is to be planned: so many phones in so long; those of a batch come within `within_seconds`."""

    phones: Annotated[int, Meta(ge=1)]
    window_seconds: Annotated[float, Meta(gt=0)]
    within_seconds: Annotated[float, Meta(ge=0)]
    spacing_seconds: Annotated[float | None, Meta(description="null: whichever is best")] = None


class Candidate(msgspec.Struct, frozen=True):
    """The largest batches that the chain bears at one spacing; 0 where it bears none."""

    spacing_seconds: float
    largest_batch: Annotated[int, Meta(ge=0)]
    rate_per_second: Annotated[float, Meta(description="largest_batch / spacing_seconds")]
    tail_seconds: Annotated[float, Meta(description="From a last batch to the end of its last try")]
    limit: Annotated[str | None, Meta(description="What larger batches break; null: all at once hold")]
    needed_batch: Annotated[
        int | None, Meta(description="The smallest that are done in the window; null: none that hold are")
    ] = None

    def needed_seconds(self, phones: int) -> float:
        """How long it takes for `phones`; inf when it bears none."""
        if not self.largest_batch:
            return math.inf
        return (math.ceil(phones / self.largest_batch) - 1) * self.spacing_seconds + self.tail_seconds

    def most_phones(self, window_seconds: float) -> int:
        """How many go into a window."""
        return self.largest_batch * _batch_count(self, window_seconds)

    def batch_for(self, phones: int, seconds: float) -> int:
        """The smallest batches that are done in time; None fit when they are larger than the largest."""
        count = _batch_count(self, seconds)
        return math.ceil(phones / count) if count else phones + 1


def candidates(model: ChainModel, asked: Asked, goal: Goal, seed: int) -> Iterator[Candidate]:
    """Each spacing with what it bears, one after the other: each takes a second or some."""
    before = 0
    for spacing in spacings(asked):
        found = candidate(model, asked, spacing, goal, seed, before)
        before = found.largest_batch
        yield found


def candidate(
    model: ChainModel, asked: Asked, spacing_seconds: float, goal: Goal, seed: int, about: int = 0
) -> Candidate:
    """What one spacing bears; `about` is what it might be, where that is known."""
    begin = about or math.ceil(asked.phones * spacing_seconds / asked.window_seconds)
    first = Batches(asked.phones, min(max(1, begin), asked.phones), spacing_seconds, asked.within_seconds)
    held = largest_batch(model, first, goal, seed)
    if not held.size:
        return Candidate(spacing_seconds, 0, 0.0, 0.0, held.limit)
    few = msgspec.structs.replace(first, size=held.size).first(_FEWEST_BATCHES)
    tail = max(each.duration_seconds for each in replicate(model, few, goal, seed, 3)) - few.last_seconds
    return bearing(Candidate(spacing_seconds, held.size, 0.0, tail, held.limit), held.size, held.limit, asked)


def bearing(candidate: Candidate, largest: int, limit: str | None, asked: Asked) -> Candidate:
    """The same spacing with other largest batches, and what larger ones break."""
    rate = largest / candidate.spacing_seconds
    found = msgspec.structs.replace(candidate, largest_batch=largest, rate_per_second=rate, limit=limit)
    needed = found.batch_for(asked.phones, asked.window_seconds)
    return msgspec.structs.replace(found, needed_batch=needed if needed <= largest else None)


def spacings(asked: Asked) -> list[float]:
    """The one that was asked for, or those that make a sensible number of batches.

    A window too short for several is too short for most fleets: then there are also longer ones than fit. One
    of months is left to the longest.
    """
    if asked.spacing_seconds is not None:
        return [asked.spacing_seconds]
    window, longest = asked.window_seconds, _SPACINGS_SECONDS[-1]
    if window > _MOST_BATCHES * longest and asked.within_seconds <= longest:
        return [longest]
    usable = [
        spacing
        for spacing in _SPACINGS_SECONDS
        if spacing >= asked.within_seconds and _FEWEST_BATCHES <= window / spacing <= _MOST_BATCHES
    ]
    part, most = max(asked.within_seconds, window / _FEWEST_BATCHES), max(window, _SHORT_SECONDS)
    return usable or [part, *(spacing for spacing in _SPACINGS_SECONDS if part < spacing <= most)]


def best(found: Sequence[Candidate]) -> list[Candidate]:
    """Those that bear most, within 5 %; none when no spacing bears even one phone."""
    most = max((each.rate_per_second for each in found), default=0.0)
    return [each for each in found if each.largest_batch and each.rate_per_second >= _AS_GOOD * most]


def _batch_count(of: Candidate, seconds: float) -> int:
    return max(0, math.floor((seconds - of.tail_seconds) / of.spacing_seconds) + 1)
