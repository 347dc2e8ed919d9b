"""How much of what each rule allows a trial used up: what a search needs to know beyond yes and no.

«p99 <= 5s» allows one phone in a hundred to take longer. How many did is kept, and not the p99: their share
averages out over trials of any length, whereas the p99 of few phones lies below that of many.
"""

from collections.abc import Iterable, Iterator, Mapping

import polars as pl

from loadtests.capacity.trial import Margin
from loadtests.results.slo import Rule, Unit, Verdict

Times = Mapping[str, pl.Series]


def margins(rules: Iterable[Rule], verdicts: Iterable[Verdict], phones: int, times: Times) -> list[Margin]:
    """The margins of those rules that leave one, in order.

    `times` are the single times in seconds of each distribution: latency, service_time, start_lag. Rules that
    allow none at all (`orphans == 0`, `latency_max_seconds <= 5s`) leave no margin, nor do counts and rates.
    """
    return list(_margins(rules, verdicts, phones, times))


def _margins(
    rules: Iterable[Rule], verdicts: Iterable[Verdict], phones: int, times: Times
) -> Iterator[Margin]:
    for rule, verdict in zip(rules, verdicts, strict=True):
        if verdict.unit is Unit.SECONDS:
            margin = _of_times(rule, times)
        elif verdict.unit is Unit.SHARE:
            margin = _of_share(rule, verdict.value, phones)
        else:
            margin = None
        if margin and 0 < margin.allowed < 1 and margin.phones:
            yield margin


def _of_times(rule: Rule, times: Times) -> Margin | None:
    name, _, rest = rule.metric.rpartition("_p")
    seconds = times.get(name)
    if rule.comparison not in ("<=", "<") or seconds is None or seconds.is_empty():
        return None
    allowed = 1 - float(rest.removesuffix("_seconds")) / 100
    return Margin(rule.text, int((seconds > rule.threshold).sum()) / seconds.len(), allowed, seconds.len())


def _of_share(rule: Rule, value: float | None, phones: int) -> Margin | None:
    if value is None:
        return None
    if rule.comparison in ("<=", "<"):
        return Margin(rule.text, min(1.0, value), rule.threshold, phones)
    if rule.comparison in (">=", ">"):
        return Margin(rule.text, max(0.0, 1 - value), 1 - rule.threshold, phones)
    return None
