"""A setting without the values that make no difference: each of these goes back to what it is at present.

One value at a time goes back, the least useful first, held against the setting with it by the same phones and
draws; it comes again only if more is lost without it, beyond chance. What goes back changes what the others
are good for, so all that are left are tried again until none goes back.
"""

from collections.abc import Callable
from dataclasses import dataclass

from loadtests.tuning.bench import Scored
from loadtests.tuning.choice import worse_under
from loadtests.tuning.effect import SEEDS, Effect, changeable, effect, effects, put_back
from loadtests.tuning.sweep import Search
from loadtests.tuning.tunables import Tunables


@dataclass(frozen=True, slots=True)
class Simplified:
    """What is left of a setting, and what of it went back; `finished`: all that is left was tried."""

    tunables: Tunables
    put_back: tuple[Effect, ...] = ()
    finished: bool = False


def simplified(search: Search, best: Tunables, enough: Callable[[], bool]) -> Simplified:
    """`best` with nothing but changes that matter; as far as time allows."""
    seeds = search.seeds("simplify", SEEDS)
    default, current = search.score([search.start, best], seeds)
    went: list[Effect] = []
    while not enough():
        before = current
        for each in reversed(effects(search, current, seeds)):
            if each.matters or enough():
                continue
            without = _without(search, default, current, each.name)
            if without is not None:
                current, found = without
                went.append(found)
        if current is before:
            return Simplified(current.tunables, tuple(went), finished=not enough())
    return Simplified(current.tunables, tuple(went))


def _without(search: Search, default: Scored, current: Scored, name: str) -> tuple[Scored, Effect] | None:
    """The setting with one value put back, and what that costs; None where it is needed after all."""
    compared = changeable(search, current.tunables)
    if name not in compared:
        return None
    tried = put_back(current.tunables, search.start, name, search.network_seconds)
    without = search.score_apart(tried, search.seeds("simplify", SEEDS))
    found = effect(search.bench, name, current, without, len(compared))
    if found.matters or any(worse_under(search.bench, default, without)):
        return None
    return without, found
