"""Which of the best settings is recommended: what loses least and is nowhere worse than the default."""

import math
import statistics
from collections.abc import Iterator, Sequence

from loadtests.tuning.bench import Bench, Scored
from loadtests.tuning.interval import interval
from loadtests.tuning.outcome import Outcome
from loadtests.tuning.sweep import Sweep

# For each phone.
SLACK = 0.0005
_LATER = 1.05
_LATER_SECONDS = 1.0


def recommended(bench: Bench, sweep: Sweep) -> Scored:
    """The best that is nowhere worse than the default, or under the fewest conditions, as far as is known."""
    default = sweep.default_beside_best or sweep.default
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
    return any(statistics.fmean(more) > SLACK for more in harms(default, other)) or _is_later(
        max(map(_tail, default)), max(map(_tail, other))
    )


def is_worse_beyond_chance(default: Sequence[Outcome], other: Sequence[Outcome]) -> bool:
    """The same of outcomes with the same seeds, in pairs, with 95 % confidence; of a p99, in every pair."""
    pairs = zip(default, other, strict=True)
    return any(interval(more).low > SLACK for more in harms(default, other)) or all(
        _is_later(_tail(mine), _tail(theirs)) for mine, theirs in pairs
    )


def harms(default: Sequence[Outcome], other: Sequence[Outcome]) -> Iterator[list[float]]:
    """How much more the other outcomes have, for each phone, of each thing that must not get worse.

    Phones without LSC, false timeouts, orphans; pair by pair.
    """
    for harm in (_missed, _false, _orphans):
        yield [harm(theirs) - harm(mine) for mine, theirs in zip(default, other, strict=True)]


def _missed(outcome: Outcome) -> float:
    return 1 - outcome.enrolled_share


def _false(outcome: Outcome) -> float:
    return outcome.false_timeouts / max(outcome.phones, 1)


def _orphans(outcome: Outcome) -> float:
    return outcome.orphans / max(outcome.phones, 1)


def _is_later(default_seconds: float, other_seconds: float) -> bool:
    return other_seconds > default_seconds * _LATER + _LATER_SECONDS


def _tail(outcome: Outcome) -> float:
    return math.inf if outcome.p99_seconds is None else outcome.p99_seconds
