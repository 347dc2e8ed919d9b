"""A trial: phones at one rate for a while, and whether the service level held."""

from collections.abc import Sequence
from typing import Annotated, Literal, Protocol

import msgspec
from msgspec import Meta

from loadtests.results.slo import Slo

Step = Literal["baseline", "rise", "bisect", "hold"]
Rate = Annotated[float, Meta(gt=0, description="Phones per second")]


class TrialPlan(msgspec.Struct, frozen=True):
    """What to try next. Phones that start in the first `settle_seconds` load the chain and are not measured.

    A baseline has no rate: one phone at a time, each as soon as the one before has ended.
    """

    step: Step
    number: Annotated[int, Meta(ge=1, description="Counts trials from 1")]
    rate_per_second: Rate | None
    settle_seconds: Annotated[float, Meta(ge=0)]
    measured_seconds: Annotated[float, Meta(gt=0)]


class Margin(msgspec.Struct, frozen=True):
    """How much of what one rule allows was used up: 1 is its limit, 0.5 half of it, 2 twice."""

    rule: str
    used: Annotated[float, Meta(gt=0)]


class Usage(msgspec.Struct, frozen=True):
    """How busy each limited thing was, 0 to 1; None where there is no limit or it could not be seen."""

    ra_workers: float | None = None
    ca_threads: float | None = None
    ca_signing: float | None = None
    ra_cpu: float | None = None
    ca_cpu: float | None = None
    generator_cpu: float | None = None


class Trial(msgspec.Struct, frozen=True):
    """A trial that was made, and what came of it. Latency counts from the intended start."""

    plan: TrialPlan
    phones: Annotated[int, Meta(ge=0, description="That were measured")]
    throughput_per_second: float
    latency_p50_seconds: float | None
    latency_p99_seconds: float | None
    failed_share: float
    slo: Slo
    margins: list[Margin]
    usage: Usage
    generator_bound: bool

    @property
    def met(self) -> bool:
        """Whether no rule is known to be broken."""
        return not self.slo.failed

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


def bracket(trials: Sequence[Trial]) -> tuple[float | None, float | None]:
    """The highest rate that held and, above it, the lowest that did not.

    Noise makes a chain break at a rate and hold at a higher one: the lowest break counts, and what held above
    it does not.
    """
    loaded = [trial for trial in trials if trial.plan.step in ("rise", "bisect")]
    broken = min((trial.rate_per_second for trial in loaded if not trial.met), default=None)
    held = max(
        (t.rate_per_second for t in loaded if t.met and (broken is None or t.rate_per_second < broken)),
        default=None,
    )
    return held, broken
