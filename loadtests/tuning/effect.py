"""What each changed value is worth: what is lost without it, seed by seed, with the same phones and draws."""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from loadtests.tuning.bench import Bench, Scored
from loadtests.tuning.interval import Interval, interval
from loadtests.tuning.objective import Weights, mean_terms
from loadtests.tuning.outcome import Outcome
from loadtests.tuning.sweep import Search
from loadtests.tuning.tunables import Tunables, Value, differences

# As many as tell a hundredth in loss from chance.
SEEDS = 12
_CHANCE = 0.05
_WORTH_SHARE = 0.001


@dataclass(frozen=True, slots=True)
class Effect:
    """What putting one value back, from `tried` to the present one, costs.

    `loss` is how much more is lost, with its 95 % interval. It `matters` if that is more than chance (5 % for
    all the values compared together) and more than one phone in a thousand is worth. `condition` is the one
    under which it costs most; there the first seed's phones came to `before` with it, to `after` without.
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
    """What `other`, without the value, loses more than `known`, as one of so many that are `compared`."""
    pairs = zip(bench.losses(known), bench.losses(other), strict=True)
    more = [theirs - mine for mine, theirs in pairs]
    sure = interval(more, 1 - _CHANCE / compared)
    worst = max(
        range(len(bench.conditions)), key=lambda at: _loss(bench, other, at) - _loss(bench, known, at)
    )
    return Effect(
        name,
        getattr(known.tunables, name),
        interval(more),
        sure.low > 0 and sure.mean >= worth(bench.weights),
        bench.conditions[worst].name,
        known.outcomes[worst][0],
        other.outcomes[worst][0],
    )


def worth(weights: Weights) -> float:
    """The loss below which nothing matters: that of one phone in a thousand without its LSC."""
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


def _loss(bench: Bench, scored: Scored, at: int) -> float:
    found = [bench.terms(scored.tunables, each) for each in scored.outcomes[at]]
    return bench.weights.loss(mean_terms(found))
