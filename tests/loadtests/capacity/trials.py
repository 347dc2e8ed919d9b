"""Trials for tests of what is made of trials."""

import msgspec

from loadtests.capacity.trial import Margin, Step, Trial, TrialPlan
from loadtests.results.slo import Slo, Unit, Verdict
from loadtests.results.usage import Usage

RULE = "latency_p99_seconds <= 1s"
ALLOWED = 0.01


def trial(
    number: int,
    step: Step,
    rate: float,
    share: float,
    usage: Usage | None = None,
) -> Trial:
    """A trial of 5000 phones at `rate`; this share of them took longer than RULE allows one in 100 to."""
    met = share <= ALLOWED
    plan = TrialPlan(step, number, None if step == "baseline" else rate, 5, 30)
    return Trial(
        plan, 5000, rate, 0.1, 0.5, 0.0, Slo(met, [Verdict(RULE, Unit.SECONDS, 1.0, 0.5, met, "")]),
        [Margin(RULE, share, ALLOWED, 5000)], usage or Usage(), generator_bound=False,
    )  # fmt: skip


def changed(made: Trial, **more: object) -> Trial:
    """The same trial with other values."""
    return msgspec.structs.replace(made, **more)
