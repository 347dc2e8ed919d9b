"""Service level objectives: rules such as `latency_p99_seconds <= 5s`, parsed first and evaluated later.

    RULE   = METRIC [ "{" EST_ERR_... "}" ] OPERATOR NUMBER [ UNIT ]
    UNIT   = "%" of shares, "s", "ms" or "min" of times, "/s" or "/min" of rates; without one shares are
             0 to 1, times seconds, rates per second

A rule is met, not met, or unknown when it could not be measured (orphans without the CA's database). Unknown
is told as unknown; it neither passes for met nor fails a run.
"""

import difflib
import operator
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated, NoReturn

import msgspec
from msgspec import Meta

from loadtests.errors import ScenarioError
from loadtests.results.measures import Measures
from testbed.est_errors import EstError


class Unit(StrEnum):
    """What a metric counts in; `threshold` and `value` of a verdict are in it."""

    SHARE = "share"
    SECONDS = "seconds"
    RATE = "per_second"
    COUNT = "count"


class Rule(msgspec.Struct, frozen=True):
    """A rule that was understood. `threshold` is in the metric's unit; `est_error` None means any."""

    text: str
    metric: str
    est_error: str | None
    comparison: str
    threshold: float


class Verdict(msgspec.Struct, frozen=True):
    """One rule held against what was measured."""

    rule: Annotated[str, Meta(description="The rule as the scenario has it")]
    unit: Annotated[Unit, Meta(description="Unit of threshold and value; a share is 0 to 1")]
    threshold: float
    value: Annotated[float | None, Meta(description="What was measured; null: nothing to measure")]
    met: Annotated[bool | None, Meta(description="null: unknown, which does not fail the run")]
    note: Annotated[str, Meta(description="Why there is no value; empty when there is one")]


class Slo(msgspec.Struct, frozen=True):
    """All rules together."""

    met: Annotated[
        bool | None,
        Meta(description="false: a rule is not met; null: none is, but one is unknown; true: all are met"),
    ]
    rules: list[Verdict]

    @property
    def failed(self) -> bool:
        """Whether the run must be called failed: a rule is known not to be met."""
        return self.met is False


class Metric(msgspec.Struct, frozen=True):
    """One thing rules can be about. `read` gives None when it was not measured, told as `missing`."""

    unit: Unit
    read: Callable[[Measures, str | None], float | None]
    missing: str = ""
    by_error: bool = False


def _share_of(name: str) -> Metric:
    def read(measures: Measures, est_error: str | None) -> float | None:
        intended = measures.phones.intended
        return _phones(measures, name, est_error) / intended if intended else None

    return Metric(Unit.SHARE, read, "no phone was intended", by_error=name == "failed")


def _count_of(name: str) -> Metric:
    return Metric(
        Unit.COUNT, lambda measures, error: _phones(measures, name, error), by_error=name == "failed"
    )


def _orphans_share(measures: Measures) -> float | None:
    """Of the phones; more than 1 where each left several."""
    intended = measures.phones.intended
    return None if measures.orphans is None or not intended else measures.orphans / intended


def _phones(measures: Measures, name: str, est_error: str | None) -> int:
    if est_error is not None:
        return measures.outcomes.get(est_error, 0)
    return int(getattr(measures.phones, name))


def _time(distribution: str, percentile: str, missing: str) -> Metric:
    def read(measures: Measures, _: str | None) -> float | None:
        times = getattr(measures, distribution)
        return None if times is None else float(getattr(times, percentile))

    return Metric(Unit.SECONDS, read, missing)


METRICS: Mapping[str, Metric] = MappingProxyType(
    {
        **{f"{name}_share": _share_of(name) for name in ("enrolled", "failed", "dropped")},
        **{name: _count_of(name) for name in ("enrolled", "failed", "dropped")},
        "orphans": Metric(Unit.COUNT, lambda measures, _: measures.orphans, "no CA database at hand"),
        "orphans_share": Metric(
            Unit.SHARE, lambda measures, _: _orphans_share(measures), "no CA database at hand"
        ),
        "throughput_per_second": Metric(Unit.RATE, lambda measures, _: measures.throughput_per_second),
        **{
            f"{name}_{percentile}_seconds": _time(f"{name}_seconds", percentile, missing)
            for name, missing in (
                ("latency", "no phone enrolled"),
                ("service_time", "no phone enrolled"),
                ("start_lag", "no phone started"),
            )
            for percentile in ("p50", "p95", "p99", "max")
        },
    }
)

_SCALES: Mapping[Unit, Mapping[str, Decimal]] = MappingProxyType(
    {
        Unit.SHARE: {"": Decimal(1), "%": Decimal("0.01")},
        Unit.SECONDS: {"": Decimal(1), "s": Decimal(1), "ms": Decimal("0.001"), "min": Decimal(60)},
        Unit.RATE: {"": Decimal(1), "/s": Decimal(1), "/min": Decimal(1) / 60},
        Unit.COUNT: {"": Decimal(1)},
    }
)

_COMPARISONS: Mapping[str, Callable[[float, float], bool]] = MappingProxyType(
    {
        "<=": operator.le,
        ">=": operator.ge,
        "<": operator.lt,
        ">": operator.gt,
        "==": operator.eq,
        "!=": operator.ne,
    }
)

_SHAPE = re.compile(
    r"\s*(?P<metric>[^\s{}<>=!]+)\s*(?:\{\s*(?P<est_error>[^{}]*?)\s*\})?"
    r"\s*(?P<comparison>[<>=!]+)\s*(?P<number>[^\s<>=!%/a-zA-Z]*)\s*(?P<unit>[^\s<>=!]*)\s*"
)
_NUMBER = re.compile(r"[0-9]+(\.[0-9]+)?", re.ASCII)
_MAX_RULE_CHARACTERS = 200


def parse(text: str) -> Rule:
    """The rule in `text`; ScenarioError names the rule, what is wrong with it and what is allowed."""
    shape = _SHAPE.fullmatch(text) if len(text) <= _MAX_RULE_CHARACTERS else None
    if shape is None:
        _refuse(text, "cannot be read; write METRIC OPERATOR NUMBER, such as 'latency_p99_seconds <= 5s'")
    metric = _known_metric(text, shape["metric"])
    if shape["comparison"] not in _COMPARISONS:
        _refuse(text, f"no operator {shape['comparison']!r}; use one of {' '.join(_COMPARISONS)}")
    return Rule(
        text=text.strip(),
        metric=shape["metric"],
        est_error=_known_error(text, shape["metric"], metric, shape["est_error"]),
        comparison=shape["comparison"],
        threshold=_threshold(text, metric.unit, shape["number"], shape["unit"]),
    )


def parse_all(texts: Iterable[str]) -> list[Rule]:
    """The rule in each of `texts`, in order; ScenarioError for the first that cannot be used."""
    return [parse(text) for text in texts]


def evaluate(rules: Iterable[Rule], measures: Measures) -> Slo:
    """Each rule's verdict, in order, and the verdict on all of them; no rules are met by any run."""
    verdicts = [_judge(rule, measures) for rule in rules]
    return Slo(overall([verdict.met for verdict in verdicts]), verdicts)


def _judge(rule: Rule, measures: Measures) -> Verdict:
    metric = METRICS[rule.metric]
    value = metric.read(measures, rule.est_error)
    if value is None:
        return Verdict(
            rule.text, metric.unit, rule.threshold, None, _unmeasured(metric, measures), metric.missing
        )
    met = _COMPARISONS[rule.comparison](value, rule.threshold)
    return Verdict(rule.text, metric.unit, rule.threshold, value, met, "")


def _unmeasured(metric: Metric, measures: Measures) -> bool | None:
    # A run whose every phone failed has no latency at all: that breaks a promise about it, and hides nothing.
    return False if metric.unit is Unit.SECONDS and measures.phones.intended else None


def overall(met: Sequence[bool | None]) -> bool | None:
    """The verdict on all rules from those on each."""
    if False in met:
        return False
    return None if None in met else True


def _known_metric(text: str, name: str) -> Metric:
    if name not in METRICS:
        close = difflib.get_close_matches(name, METRICS, n=1)
        hint = f"did you mean {close[0]!r}? " if close else ""
        _refuse(text, f"no metric {name!r}; {hint}There are {', '.join(METRICS)}")
    return METRICS[name]


def _known_error(text: str, name: str, metric: Metric, est_error: str | None) -> str | None:
    if est_error is None:
        return None
    if not metric.by_error:
        _refuse(text, f"{name} is not told by EST error; only failed and failed_share are")
    if est_error not in {str(error) for error in EstError} - {str(EstError.NONE)}:
        _refuse(text, f"no failure {est_error!r}; use an EST error's name, such as EST_ERR_SSL_READ")
    return est_error


def _threshold(text: str, unit: Unit, number: str, suffix: str) -> float:
    if not _NUMBER.fullmatch(number):
        _refuse(text, f"{(number + suffix)!r} is not a number of 0 or more")
    scales = _SCALES[unit]
    if suffix not in scales:
        allowed = ", ".join(repr(scale) for scale in scales if scale)
        _refuse(text, f"no unit {suffix!r} here; " + (f"use {allowed} or none" if allowed else "use none"))
    # Decimal: 99.9 % must be the very float that 999 of 1000 phones make.
    return float(Decimal(number) * scales[suffix])


def _refuse(text: str, why: str) -> NoReturn:
    raise ScenarioError(f"SLO rule {text[:_MAX_RULE_CHARACTERS]!r}: {why}")
