"""What a plan must keep: SLO rules, and no more work from batch to batch than the chain gets done."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from loadtests.results.measures import Measures
from loadtests.results.slo import METRICS, Rule, Unit, evaluate

NO_BACKLOG = "no growing backlog"
_BACKLOG = "a backlog grows"
_GROWTH = 1.5
# Sums of many times are no rounder than this.
_ROUNDING = 1e-6


@dataclass(frozen=True, slots=True)
class Backlog:
    """How many tries are under way as a batch in the middle begins, and as the last one does.

    `work` is each part's, over the time from the first batch to the one that would follow the last: above 1,
    it is more than the part gets done.
    """

    middle: int
    last: int
    batch: int
    work: Mapping[str, float]

    @property
    def why(self) -> str | None:
        """Why the chain cannot go on like this for long; None when it can."""
        part, most = max(self.work.items(), key=lambda each: each[1], default=("", 0.0))
        if most > 1 + _ROUNDING:
            return f"{part} overloaded"
        # One that grows evenly has doubled from the middle to the end; one batch is chance.
        return _BACKLOG if self.last > _GROWTH * self.middle + self.batch else None


@dataclass(frozen=True, slots=True)
class Goal:
    """The rules, and that no backlog grows from batch to batch."""

    rules: tuple[Rule, ...]

    def broken(self, measures: Measures, backlog: Backlog) -> str | None:
        """What is not kept, the first broken rule, or why a backlog grows; None when all is well."""
        verdicts = evaluate(self.rules, measures).rules
        broken = next((verdict.rule for verdict in verdicts if verdict.met is False), None)
        return f"{broken} broken" if broken else backlog.why


def plannable(rules: Iterable[Rule]) -> tuple[list[Rule], list[Rule]]:
    """Those that a plan can be made for, and the others.

    A simulation knows no EST errors by name and no generator, and how many phones a second there are is what
    a plan is to find out.
    """
    kept, left_out = list[Rule](), list[Rule]()
    for rule in rules:
        unit = METRICS[rule.metric].unit
        is_time = unit is Unit.SECONDS and not rule.metric.startswith("start_lag")
        usable = rule.est_error is None and (unit is Unit.SHARE or is_time or rule.metric == "orphans")
        (kept if usable else left_out).append(rule)
    return kept, left_out
