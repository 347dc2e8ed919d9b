"""Which of the best settings is recommended: what loses least and is nowhere worse than the default."""

from collections.abc import Callable, Iterator, Sequence

from loadtests.tuning.bench import Bench, Scored
from loadtests.tuning.outcome import Outcome
from loadtests.tuning.sweep import Sweep

_SLACK = 0.0005
_LATER = 1.05
_LATER_SECONDS = 1.0


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
