"""Which of the best settings is recommended, and which of its values are worth changing at all.

Recommended is what loses least among those that no condition is worse under than under the default. Then
each of its values is put back to the default, one after the other: what makes no difference stays unchanged.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import msgspec

from loadtests.tuning.bench import Bench, Scored
from loadtests.tuning.objective import mean_terms
from loadtests.tuning.outcome import Outcome
from loadtests.tuning.sweep import Search, Sweep
from loadtests.tuning.tunables import Tunables, differences

_SLACK = 0.0005
_LATER = 1.05
_LATER_SECONDS = 1.0
_WORTH = 0.002


@dataclass(frozen=True, slots=True)
class Effect:
    """What putting one value back to the default costs: in loss, and under which condition most."""

    name: str
    loss: float
    condition: str
    before: Outcome
    after: Outcome


def recommended(bench: Bench, sweep: Sweep) -> Scored:
    """The best that is nowhere worse than the default, or under the fewest conditions."""
    default = sweep.default
    assert default is not None
    whole = [each for each in sweep.best if not each.stopped]
    return min(whole or [default], key=lambda each: len(list(worse_under(bench, default, each))))


def worse_under(bench: Bench, default: Scored, other: Scored) -> Iterator[str]:
    """The conditions under which the other loses more phones, answers, certificates or time."""
    for condition, mine, theirs in zip(bench.conditions, default.outcomes, other.outcomes, strict=False):
        if is_worse(mine, theirs):
            yield condition.name


def is_worse(default: Sequence[Outcome], other: Sequence[Outcome]) -> bool:
    """Whether the other outcomes are worse in any of what must not get worse, beyond one phone in 2000."""
    return (
        _mean(other, _missed) > _mean(default, _missed) + _SLACK
        or _mean(other, _false) > _mean(default, _false) + _SLACK
        or _mean(other, _orphans) > _mean(default, _orphans) + _SLACK
        or _tail(other) > _tail(default) * _LATER + _LATER_SECONDS
    )


def simplified(search: Search, best: Scored, enough: Callable[[], bool]) -> Scored:
    """The same without what makes no difference; as far as time allows."""
    bench, seeds = search.bench, search.seeds("simplify", 2)
    default = bench.score(search.start, seeds)
    current = bench.score(best.tunables, seeds)
    limit = current.loss + _WORTH * max(default.loss - current.loss, 0.0)
    names = differences(search.start, current.tunables)
    plain = [put_back(current.tunables, search.start, name, search.network_seconds) for name in names]
    singles = search.score(plain, seeds)
    order = sorted(zip(names, singles, strict=True), key=lambda each: each[1].loss)
    for name, single in order:
        if enough() or single.loss > limit:
            break
        tried = put_back(current.tunables, search.start, name, search.network_seconds)
        if tried == current.tunables:
            continue
        scored = bench.score(tried, seeds, limit=limit)
        if not scored.stopped and scored.loss <= limit and not any(worse_under(bench, default, scored)):
            current = scored
    return current


def effects(search: Search, best: Tunables) -> list[Effect]:
    """What each changed value is good for, the most important first."""
    names = differences(search.start, best)
    seeds = search.seeds("effects", 2)
    others = [put_back(best, search.start, name, search.network_seconds) for name in names]
    known, *found = search.score([best, *others], seeds)
    effects = [_effect(search.bench, name, known, each) for name, each in zip(names, found, strict=True)]
    return sorted(effects, key=lambda each: -each.loss)


def put_back(tunables: Tunables, default: Tunables, name: str, network_seconds: float) -> Tunables:
    """The settings with one value as the default has it, as near as the rules allow."""
    back = msgspec.structs.replace(tunables, **{name: getattr(default, name)})
    return back.keeping_rules(network_seconds)


def _effect(bench: Bench, name: str, known: Scored, other: Scored) -> Effect:
    loss = [_loss(bench, known, at) for at in range(len(bench.conditions))]
    without = [_loss(bench, other, at) for at in range(len(bench.conditions))]
    worst = max(range(len(loss)), key=lambda at: without[at] - loss[at])
    return Effect(
        name, other.loss - known.loss, bench.conditions[worst].name,
        known.outcomes[worst][0], other.outcomes[worst][0],
    )  # fmt: skip


def _loss(bench: Bench, scored: Scored, at: int) -> float:
    found = [bench.terms(scored.tunables, each) for each in scored.outcomes[at]]
    return bench.weights.loss(mean_terms(found))


def _missed(outcome: Outcome) -> float:
    return 1 - outcome.enrolled_share


def _false(outcome: Outcome) -> float:
    return outcome.false_timeouts / max(outcome.phones, 1)


def _orphans(outcome: Outcome) -> float:
    return outcome.orphans / max(outcome.phones, 1)


def _mean(found: Sequence[Outcome], value: Callable[[Outcome], float]) -> float:
    return sum(map(value, found)) / len(found)


def _tail(found: Sequence[Outcome]) -> float:
    return max(float("inf") if each.p99_seconds is None else each.p99_seconds for each in found)
