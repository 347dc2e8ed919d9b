"""What each changed value is worth: what is lost without it, seed by seed, with the same phones and draws."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import msgspec

from loadtests.tuning.bench import Bench, Scored
from loadtests.tuning.choice import SLACK, harms
from loadtests.tuning.interval import Interval, interval
from loadtests.tuning.objective import Weights, mean_terms
from loadtests.tuning.outcome import Outcome
from loadtests.tuning.sweep import Search
from loadtests.tuning.tunables import Tunables, Value, differences

# With fewer, one orphan in a hundred phones looks like chance.
SEEDS = 20
# Of taking chance for a difference in the loss, and in any of the harms, of all values that are compared.
_CHANCE = 0.025
_WORTH_SHARE = 0.0001


@dataclass(frozen=True, slots=True)
class Effect:
    """What putting one value back, from `tried` to the present one, costs.

    `loss` is how much more is lost, with its 95 % interval. It `matters` if beyond chance that is more than
    nothing (`worth`), or more phones, answers or certificates are lost under any condition. Under `condition`
    it costs most; there the first seed's phones came to `before` with it, to `after` without.
    """

    name: str
    tried: Value
    loss: Interval
    matters: bool
    condition: str
    before: Outcome
    after: Outcome


def effects(search: Search, known: Scored, seeds: Sequence[int]) -> list[Effect]:
    """Of each value of `known` that can be put back, the greatest first; `known` has these seeds, too."""
    names = changeable(search, known.tunables)
    plain = [put_back(known.tunables, search.start, name, search.network_seconds) for name in names]
    others = search.score(plain, seeds)
    found = [
        effect(search.bench, name, known, other, len(names))
        for name, other in zip(names, others, strict=True)
    ]
    return sorted(found, key=lambda each: -each.loss.mean)


def effect(bench: Bench, name: str, known: Scored, other: Scored, compared: int) -> Effect:
    """What `other`, without the value, loses more than `known`, as one of so many that are `compared`.

    Chance has 5 % in all of them together, half of it in the loss.
    """
    pairs = zip(bench.losses(known), bench.losses(other), strict=True)
    more = [theirs - mine for mine, theirs in pairs]
    lost, chance = list(_harms(known, other)), _CHANCE / compared
    costs = _is_sure(more, worth(bench.weights), chance)
    hurts = any(_is_sure(harm, SLACK, chance / len(lost)) for harm in lost)
    worst = max(
        range(len(bench.conditions)), key=lambda at: _loss(bench, other, at) - _loss(bench, known, at)
    )
    return Effect(
        name,
        getattr(known.tunables, name),
        interval(more),
        costs or hurts,
        bench.conditions[worst].name,
        known.outcomes[worst][0],
        other.outcomes[worst][0],
    )


def worth(weights: Weights) -> float:
    """The loss that is next to nothing: that of one phone in ten thousand without its LSC."""
    return weights.missed * _WORTH_SHARE


def changeable(search: Search, tunables: Tunables) -> list[str]:
    """The names of what is not as at the start, and could be by the rules."""
    return [
        name
        for name in differences(search.start, tunables)
        if put_back(tunables, search.start, name, search.network_seconds) != tunables
    ]


def put_back(tunables: Tunables, start: Tunables, name: str, network_seconds: float) -> Tunables:
    """The settings with one value as at the start, as near as the rules allow."""
    back = msgspec.structs.replace(tunables, **{name: getattr(start, name)})
    return back.keeping_rules(network_seconds)


def _harms(known: Scored, other: Scored) -> Iterator[list[float]]:
    for mine, theirs in zip(known.outcomes, other.outcomes, strict=True):
        yield from harms(mine, theirs)


def _is_sure(more: Sequence[float], least: float, chance: float) -> bool:
    """Whether it is above 0, at one end of its interval, and at least so much."""
    found = interval(more, 1 - 2 * chance)
    return found.low > 0 and found.mean >= least


def _loss(bench: Bench, scored: Scored, at: int) -> float:
    found = [bench.terms(scored.tunables, each) for each in scored.outcomes[at]]
    return bench.weights.loss(mean_terms(found))
