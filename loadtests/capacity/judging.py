"""A trial from what was measured of it: its rules judged, its margins kept."""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
import polars as pl

from loadtests.capacity.margins import Times, margins
from loadtests.capacity.trial import Trial, TrialPlan
from loadtests.results.measures import Measures
from loadtests.results.slo import METRICS, Rule, Slo, Unit, Verdict, evaluate, overall
from loadtests.results.usage import Usage


@dataclass(frozen=True, slots=True)
class Observed:
    """What was measured of a trial, the time it settled left out.

    `times` are the single times of each distribution that rules may be about, `lost_rule` the rule that was
    lost for certain when the trial was cut short.
    """

    measures: Measures
    times: Times
    usage: Usage
    half_p50_seconds: tuple[float, float] | None = None
    generator_bound: bool = False
    took_seconds: float = 0.0
    cut_short: str = ""
    lost_rule: str = ""
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Halves:
    """Latencies of the phones that started in the first half of the measured time, and in the second."""

    first: pl.Series
    second: pl.Series

    def p50_seconds(self) -> tuple[float, float] | None:
        """Of each half; None when one is empty."""
        if self.first.is_empty() or self.second.is_empty():
            return None
        first, second = (half.quantile(0.5, "nearest") for half in (self.first, self.second))
        return (float(first), float(second)) if first and second else None


def trial_of(plan: TrialPlan, rules: Sequence[Rule], seen: Observed) -> Trial:
    """The trial that these measures make."""
    measured, phones = seen.measures, seen.measures.phones
    latency, slo = measured.latency_seconds, _judged(plan, rules, seen)
    return Trial(
        plan=plan,
        phones=phones.intended,
        throughput_per_second=measured.throughput_per_second,
        latency_p50_seconds=latency.p50 if latency else None,
        latency_p99_seconds=latency.p99 if latency else None,
        failed_share=phones.failed / phones.intended if phones.intended else 0.0,
        slo=slo,
        margins=margins(rules, slo.rules, phones.intended, seen.times),
        usage=seen.usage,
        generator_bound=seen.generator_bound,
        half_p50_seconds=seen.half_p50_seconds,
        took_seconds=seen.took_seconds,
        cut_short=seen.cut_short,
        problem=seen.problem,
    )


def _judged(plan: TrialPlan, rules: Sequence[Rule], seen: Observed) -> Slo:
    """The rules, as they can be held against one trial of many."""
    verdicts = evaluate(rules, seen.measures).rules
    verdicts = [_of_trial(plan, rule, verdict, seen) for rule, verdict in zip(rules, verdicts, strict=True)]
    return Slo(overall([verdict.met for verdict in verdicts]), verdicts)


def _of_trial(plan: TrialPlan, rule: Rule, verdict: Verdict, seen: Observed) -> Verdict:
    if seen.lost_rule == rule.text:
        return msgspec.structs.replace(verdict, met=False, value=None, note=seen.cut_short)
    if is_demand(rule) and (plan.rate_per_second or 0.0) < rule.threshold:
        return msgspec.structs.replace(verdict, met=None, note="the trial offered less than that")
    return verdict


def is_demand(rule: Rule) -> bool:
    """Whether the rule asks for a throughput, which a trial of a lower rate cannot show."""
    return METRICS[rule.metric].unit is Unit.RATE and rule.comparison in (">=", ">")
