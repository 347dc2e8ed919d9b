"""Whether a trial is lost while it runs: a rule broken by so much that what is left cannot mend it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from loadtests.results.journal import Attempt
from loadtests.results.slo import METRICS, Rule, Unit

# Near its limit a rule is worth measuring to the end.
_CLEARLY = 2.0


@dataclass(slots=True)
class Losing:
    """Told of a trial's attempts as they end. `phones` will be measured, from index `first` on.

    `attempts_allowed` is how often a phone tries. `rule` is the one that was lost, "" while there is none.
    """

    rules: Sequence[Rule]
    first: int
    phones: int
    attempts_allowed: int
    rule: str = ""
    _counts: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._counts = [0 for _ in self.rules]

    def why(self, new: Iterable[Attempt]) -> str:
        """Why the trial is lost, with these attempts; "" while it is not."""
        for attempt in new:
            if attempt.index >= self.first:
                for number, rule in enumerate(self.rules):
                    self._counts[number] += self._counts_against(rule, attempt)
        for rule, count in zip(self.rules, self._counts, strict=True):
            allowed = _allowed(rule)
            if allowed is not None and count > _CLEARLY * allowed * self.phones:
                self.rule = rule.text
                return f"clearly lost: {count} phones of {self.phones} against {rule.text} already"
        return ""

    def _counts_against(self, rule: Rule, attempt: Attempt) -> bool:
        if rule.metric.startswith("latency"):
            return attempt.enrolled and attempt.done - attempt.intended_start > rule.threshold
        final = attempt.attempt >= self.attempts_allowed and not attempt.enrolled
        return final and rule.est_error in (None, attempt.est_error)


def _allowed(rule: Rule) -> float | None:
    """The share of phones that the rule allows; None for one that is told at the end alone."""
    if rule.metric.startswith("latency_p") and rule.comparison in ("<=", "<"):
        return 1 - float(rule.metric.removeprefix("latency_p").removesuffix("_seconds")) / 100
    if METRICS[rule.metric].unit is not Unit.SHARE:
        return None
    if rule.metric == "failed_share" and rule.comparison in ("<=", "<"):
        return rule.threshold
    if rule.metric == "enrolled_share" and rule.comparison in (">=", ">"):
        return 1 - rule.threshold
    return None
