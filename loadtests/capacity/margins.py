"""How much of what each rule allows a trial used up: what a search needs to know beyond yes and no."""

from collections.abc import Iterable, Iterator

from loadtests.capacity.trial import Margin
from loadtests.results.slo import Rule, Unit, Verdict


def margins(rules: Iterable[Rule], verdicts: Iterable[Verdict], phones: int) -> list[Margin]:
    """The margins of those rules that leave one, in order.

    A time or a rate is held against its limit; of a share that must not fall below 99 %, the percent that may
    fail is what is used up. A count (`orphans == 0`) leaves no margin: it is broken or it is not.
    """
    return list(_margins(rules, verdicts, phones))


def _margins(rules: Iterable[Rule], verdicts: Iterable[Verdict], phones: int) -> Iterator[Margin]:
    for rule, verdict in zip(rules, verdicts, strict=True):
        used = _used(rule, verdict, phones)
        if used is not None and used > 0:
            yield Margin(verdict.rule, used)


def _used(rule: Rule, verdict: Verdict, phones: int) -> float | None:
    value, limit = verdict.value, verdict.threshold
    upper, lower = rule.comparison in ("<=", "<"), rule.comparison in (">=", ">")
    if value is None or verdict.unit is Unit.COUNT or not phones or not (upper or lower):
        return None
    if verdict.unit is Unit.SHARE:
        # Half a phone stands for none: that none of 100 failed does not say that none of 10 000 would.
        least = 0.5 / phones
        failing, allowed = (value, limit) if upper else (1 - value, 1 - limit)
        return max(failing, least) / max(allowed, least)
    used, allowed = (value, limit) if upper else (limit, value)
    return used / allowed if allowed else None
