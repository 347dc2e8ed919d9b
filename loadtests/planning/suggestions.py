"""How much each change of a chain helps: the batches it bears then, and the plan's own batches on it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from loadtests.planning.batches import Batches
from loadtests.planning.candidates import Asked, Candidate, candidate
from loadtests.planning.changes import Change, changes
from loadtests.planning.document import Suggestion
from loadtests.planning.expectation import Interval, expect
from loadtests.planning.goal import Goal
from loadtests.planning.replication import replicate
from loadtests.simulation.settings import ChainModel

_SEARCHES = 3
_REPLICATIONS = 5
_SAME = 0.02


def suggest(
    model: ChainModel, asked: Asked, goal: Goal, batches: Batches, about: int, seed: int
) -> Iterator[Suggestion]:
    """Each change with what it brings at the spacing of `batches`, where about `about` phones hold now."""
    searches = _Searches(asked, goal, batches.spacing_seconds, about, seed)
    before = searches.bears(model)
    for change in changes(model):
        yield _suggestion(change, before, searches, batches)


def in_order(suggestions: Iterable[Suggestion]) -> list[Suggestion]:
    """The one that lets most phones through first; of those that are alike, the one with least trouble."""
    return sorted(suggestions, key=lambda each: (-round(each.gain.expected / _SAME), each.expected.trouble))


@dataclass(frozen=True, slots=True)
class _Searches:
    """What a chain bears at one spacing, searched several times with chances of their own."""

    asked: Asked
    goal: Goal
    spacing_seconds: float
    about: int
    seed: int

    def bears(self, model: ChainModel) -> list[Candidate]:
        seeds = range(self.seed, self.seed + _SEARCHES)
        return [candidate(model, self.asked, self.spacing_seconds, self.goal, it, self.about) for it in seeds]


def _suggestion(change: Change, before: list[Candidate], searches: _Searches, batches: Batches) -> Suggestion:
    after, asked = searches.bears(change.model), searches.asked
    rates = [each.rate_per_second for each in after]
    one = 1 / batches.spacing_seconds
    gains = [rate / max(was.rate_per_second, one) for rate, was in zip(rates, before, strict=True)]
    needed = after[0].needed_seconds(asked.phones) if after[0].largest_batch else None
    return Suggestion(
        lever=change.lever, change=change.name, setting=change.setting,
        rate_per_second=Interval.of(rates), gain=Interval.of(gains), needed_seconds=needed,
        fits=needed is not None and needed <= asked.window_seconds,
        expected=expect(
            list(replicate(change.model, batches, searches.goal, searches.seed, _REPLICATIONS))
        ),
    )  # fmt: skip
