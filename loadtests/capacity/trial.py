"""A trial: phones at one rate for a while, and whether the service level held."""

from collections.abc import Sequence
from typing import Annotated, Literal, Protocol

import msgspec
from msgspec import Meta
from scipy.special import betainc

from loadtests.results.slo import Slo
from loadtests.results.usage import Usage

Step = Literal["baseline", "rise", "bisect", "hold"]
Rate = Annotated[float, Meta(gt=0, description="Phones per second")]
Seconds = Annotated[float, Meta(ge=0, description="Seconds")]
_CHANCE = 0.001


class TrialPlan(msgspec.Struct, frozen=True):
    """What to try next. Phones that start in the first `settle_seconds` load the chain and are not measured.

    A baseline has no rate: one phone at a time, each as soon as the one before has ended.
    """

    step: Step
    number: Annotated[int, Meta(ge=1, description="Counts trials from 1")]
    rate_per_second: Rate | None
    settle_seconds: Seconds
    measured_seconds: Annotated[float, Meta(gt=0)]


class Margin(msgspec.Struct, frozen=True):
    """How many phones did what one rule allows few to do: took longer than its limit, or failed."""

    rule: str
    share: Annotated[float, Meta(ge=0, le=1, description="Of the phones")]
    allowed: Annotated[float, Meta(gt=0, le=1, description="The share that the rule allows")]
    phones: Annotated[int, Meta(ge=0, description="Of which it is the share")]

    @property
    def used(self) -> float:
        """1 is the rule's limit, 0.5 half of it, 2 twice."""
        return self.share / self.allowed

    @property
    def beyond_chance(self) -> bool:
        """Whether so many phones would be seen in fewer than one in 1000 trials if the rule just held."""
        seen = round(self.share * self.phones)
        return seen > 0 and float(betainc(seen, self.phones - seen + 1, self.allowed)) < _CHANCE


class Trial(msgspec.Struct, frozen=True):
    """A trial that was made, and what came of it. Latency counts from the intended start."""

    plan: TrialPlan
    phones: Annotated[int, Meta(ge=0, description="That were measured")]
    throughput_per_second: Annotated[
        float, Meta(ge=0, description="Phones that got their LSC, measured time")
    ]
    latency_p50_seconds: float | None
    latency_p99_seconds: float | None
    failed_share: float
    slo: Slo
    margins: list[Margin]
    usage: Usage
    generator_bound: Annotated[bool, Meta(description="The generator was the limit or near it")]
    half_p50_seconds: Annotated[
        tuple[float, float] | None,
        Meta(description="p50 of the phones that started in each half of the time"),
    ] = None
    took_seconds: Annotated[float, Meta(ge=0, description="From its preparation to its end")] = 0.0
    cut_short: Annotated[str, Meta(description="Why it was ended before its time; empty: it was not")] = ""
    problem: Annotated[str, Meta(description="Why it says nothing about the chain; empty: it does")] = ""

    @property
    def met(self) -> bool:
        """Whether no rule is known to be broken."""
        return not self.slo.failed

    @property
    def surely_broken(self) -> bool:
        """Whether a rule is broken, and by more phones than chance explains where the rule allows some."""
        broken = {verdict.rule for verdict in self.slo.rules if verdict.met is False}
        by_chance = {margin.rule for margin in self.margins if not margin.beyond_chance}
        return bool(broken - by_chance)

    @property
    def void(self) -> bool:
        """Whether it says nothing about the chain: a problem, or rules broken that may be the generator's."""
        return bool(self.problem) or (self.generator_bound and not self.met)

    @property
    def rate_per_second(self) -> float:
        """The rate that was offered; a baseline's is the one that came about."""
        return self.plan.rate_per_second or self.throughput_per_second


class Bench(Protocol):
    """Whatever can be loaded: the lab, a user's server, a simulation."""

    def trial(self, plan: TrialPlan) -> Trial:
        """Make the trial, from a chain at rest to a chain at rest."""


def of_step(trials: Sequence[Trial], step: Step) -> list[Trial]:
    """The trials of one step."""
    return [trial for trial in trials if trial.plan.step == step]


def valid(trials: Sequence[Trial]) -> list[Trial]:
    """The trials that say something about the chain."""
    return [trial for trial in trials if not trial.void]


def bracket(trials: Sequence[Trial]) -> tuple[float | None, float | None]:
    """The highest rate that held and, above it, the lowest that did not.

    Noise makes a chain break at a rate and hold at a higher one: the lowest break counts, and what held above
    it does not.
    """
    loaded = [trial for trial in valid(trials) if trial.plan.step in ("rise", "bisect")]
    broken = min((trial.rate_per_second for trial in loaded if not trial.met), default=None)
    held = max(
        (t.rate_per_second for t in loaded if t.met and (broken is None or t.rate_per_second < broken)),
        default=None,
    )
    return held, broken
