"""What a plan must keep: SLO rules, and no backlog that grows from batch to batch."""

from collections.abc import Iterable
from dataclasses import dataclass

from loadtests.results.measures import Measures
from loadtests.results.slo import METRICS, Rule, Unit, evaluate

BACKLOG = "backlog"
_GROWTH = 1.5


@dataclass(frozen=True, slots=True)
class Backlog:
    """How many tries are under way as a batch in the middle begins, and as the last one does."""

    middle: int
    last: int
    batch: int

    @property
    def grows(self) -> bool:
        """One that grows evenly has doubled from the middle to the end; one batch is chance."""
        return self.last > _GROWTH * self.middle + self.batch


@dataclass(frozen=True, slots=True)
class Goal:
    """The rules, and that no backlog grows from batch to batch."""

    rules: tuple[Rule, ...]

    def broken(self, measures: Measures, backlog: Backlog) -> str | None:
        """The first rule that is broken, or BACKLOG; None when all is well."""
        verdicts = evaluate(self.rules, measures).rules
        broken = next((verdict.rule for verdict in verdicts if verdict.met is False), None)
        return broken or (BACKLOG if backlog.grows else None)


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
