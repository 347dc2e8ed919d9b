"""What is asked of a setting: eight things, each a number that is better small; weighed, or side by side."""

from collections.abc import Iterable, Sequence
from typing import Annotated, TypeVar

import msgspec
from msgspec import Meta

from loadtests.errors import ScenarioError
from loadtests.tuning.outcome import Outcome
from testbed.bounds import Settings

T = TypeVar("T")
_Weight = Annotated[float, Meta(ge=0, le=1e6)]
_WORKERS_UNIT = 32


class Terms(msgspec.Struct, frozen=True):
    """One outcome, or the mean of several, as what is lost; 0 is the best of each.

    `missed`: share of phones without LSC when their window ends. `median`, `tail`: p50 and p99 of the time to
    enroll, as shares of the window, 1 where later. `false_timeouts`, `orphans`: for each phone. `wasted`:
    share of the CA's work. `workers`: of 32, configured and held. `collapse`: 1 where phones did not get
    through again after a fault.
    """

    missed: float
    median: float
    tail: float
    false_timeouts: float
    orphans: float
    wasted: float
    workers: float
    collapse: float


class Weights(Settings, frozen=True):
    """How much each of `Terms` counts: by default a phone without its LSC as much as three orphans."""

    missed: _Weight = 10.0
    median: _Weight = 0.5
    tail: _Weight = 1.0
    false_timeouts: _Weight = 1.0
    orphans: _Weight = 3.0
    wasted: _Weight = 0.5
    workers: _Weight = 0.3
    collapse: _Weight = 5.0

    def loss(self, terms: Terms) -> float:
        """The weighed sum."""
        pairs = zip(msgspec.structs.astuple(self), msgspec.structs.astuple(terms), strict=True)
        return float(sum(weight * term for weight, term in pairs))


def terms(outcome: Outcome, window_seconds: float, workers: int) -> Terms:
    """What is lost under an outcome by an RA with so many blocking `workers` (0: not of that kind)."""
    held = outcome.workers_held or 0.0
    phones = outcome.phones or 1
    return Terms(
        missed=1 - outcome.enrolled_share,
        median=_share(outcome.p50_seconds, window_seconds),
        tail=_share(outcome.p99_seconds, window_seconds),
        false_timeouts=outcome.false_timeouts / phones,
        orphans=outcome.orphans / phones,
        wasted=outcome.wasted_share or 0.0,
        workers=(workers + held) / 2 / _WORKERS_UNIT,
        collapse=float(outcome.recovered is False),
    )


def mean_terms(found: Sequence[Terms]) -> Terms:
    """The mean of each."""
    names = Terms.__struct_fields__
    return Terms(*(sum(getattr(each, name) for each in found) / len(found) for name in names))


def front(scored: Iterable[tuple[T, Terms]]) -> list[tuple[T, Terms]]:
    """Those that no other is better than in one thing without being worse in another (the Pareto front)."""
    candidates = [(each, found, msgspec.structs.astuple(found)) for each, found in scored]
    return [
        (each, found)
        for each, found, values in candidates
        if not any(_dominates(other, values) for _, _, other in candidates)
    ]


def parse_weights(text: str) -> Weights:
    """`missed=10,orphans=5`: the others stay; ScenarioError names what cannot be read."""
    known = ", ".join(Weights.__struct_fields__)
    values = {}
    for part in filter(None, text.split(",")):
        name, _, number = part.partition("=")
        try:
            values[name.strip()] = float(number)
        except ValueError:
            raise ScenarioError(f"--weights: {part!r} is not NAME=NUMBER; names are {known}") from None
    try:
        weights = msgspec.convert(values, Weights)
    except msgspec.ValidationError as error:
        raise ScenarioError(f"--weights {text}: {error}; names are {known}") from error
    if not any(msgspec.structs.astuple(weights)):
        raise ScenarioError(f"--weights {text}: nothing counts then; leave one of them above 0")
    return weights


def _share(seconds: float | None, window_seconds: float) -> float:
    return 1.0 if seconds is None else min(1.0, seconds / window_seconds)


def _dominates(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return one != other and all(mine <= theirs for mine, theirs in zip(one, other, strict=True))
