"""What a comparison finds of one metric, and when it is a regression."""

import enum
import math
from typing import Annotated

import msgspec
from msgspec import Meta

from loadtests.results.slo import Unit


class Verdict(enum.StrEnum):
    """What is known of a metric, at the confidence of the comparison."""

    REGRESSION = "regression"
    IMPROVEMENT = "improvement"
    SAME = "same"
    UNCLEAR = "unclear"
    NOT_JUDGED = "not judged"


class Finding(msgspec.Struct, frozen=True):
    """One metric on both sides. `ratio` is the other side's over the baseline's, null where there is none.

    With the comparison's confidence no metric's `low` is above its true ratio, and with the same no metric's
    `high` is below; null ends are without limit or not known.
    """

    metric: str
    unit: Unit
    more_is_worse: bool
    baseline: Annotated[float | None, Meta(description="Of the baseline; of several runs the mean")]
    other: Annotated[float | None, Meta(description="Of the other side; of several runs the mean")]
    ratio: float | None
    low: float | None
    high: float | None
    verdict: Verdict
    note: Annotated[str, Meta(description="What to know of it; empty: nothing")] = ""


def judge(low: float, high: float, tolerance: float, *, more_is_worse: bool) -> Verdict:
    """What an interval of a ratio means: beyond the tolerance, within it, or neither for sure."""
    worst, best = (high, low) if more_is_worse else (_inverse(low), _inverse(high))
    if best > 1 + tolerance:
        return Verdict.REGRESSION
    if worst < 1 / (1 + tolerance):
        return Verdict.IMPROVEMENT
    if worst <= 1 + tolerance and best >= 1 / (1 + tolerance):
        return Verdict.SAME
    return Verdict.UNCLEAR


def _inverse(ratio: float) -> float:
    return 1 / ratio if ratio else math.inf
