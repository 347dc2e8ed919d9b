"""The answer of a search: `capacity.json`, and its JSON Schema.

`python -m loadtests.capacity.result` prints the schema that docs/capacity.schema.json holds.
"""

import math
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from loadtests import documents
from loadtests.capacity.bottleneck import (
    Bottleneck,
    Evidence,
    Failing,
    Machine,
    evidence_of,
    fails_by,
    held_longest_by,
)
from loadtests.capacity.estimate import Estimate, estimate
from loadtests.capacity.judging import is_demand
from loadtests.capacity.search import Found, SearchSettings
from loadtests.capacity.stability import reasons_of_instability
from loadtests.capacity.trial import Trial, of_step, valid
from loadtests.errors import JournalError
from loadtests.results.slo import Rule
from loadtests.scaling.models import Models

VERSION = "estorm.capacity/1"
_CONFIRMED_WITHIN, _CONFIRMED_WIDTH = 0.05, 0.20
_ROUND = 3

RateOrNone = Annotated[float, Meta(gt=0, description="Phones per second")] | None


class Searched(msgspec.Struct, frozen=True, kw_only=True):
    """What was searched, and with what."""

    scenario: str
    target: Annotated[str, Meta(description="URL of the EST server; empty: a lab")]
    rules: list[str]
    seed: int
    started: Annotated[datetime, Meta(tz=True, description="UTC")]
    settings: SearchSettings
    machine: Machine
    models_seconds: Annotated[
        float | None, Meta(description="Time kept for the models beside the search's; null: none are made")
    ] = None
    simulated: Annotated[str, Meta(description="Chain in simulated time; empty: phones really enrolled")] = ""


class Capacity(msgspec.Struct, frozen=True, kw_only=True, tag_field="schema", tag=VERSION):
    """The highest rate at which every rule holds, how sure that is, and what gives first beyond it."""

    sustainable_rate_per_second: Annotated[
        RateOrNone, Meta(description="null: no limit of the chain was found; `why` says why")
    ]
    interval_95: Annotated[
        tuple[float, float] | None, Meta(description="Low and high end of the 95 % interval of the rate")
    ]
    held_at_per_second: Annotated[
        RateOrNone, Meta(description="Highest rate that held below every one that did not")
    ]
    why: Annotated[str, Meta(description="Why the search ended")]
    rule: Annotated[str, Meta(description="The rule that breaks first; empty: none did")]
    method: Annotated[str, Meta(description="fit, weighing or bracket, docs/capacity.md; empty: no rate")]
    confirmed: Annotated[
        bool,
        Meta(description="Within 10 % by its interval, and without any one round of holds still within 5 %"),
    ]
    unstable: Annotated[bool, Meta(description="Trials disagree by more than chance explains")]
    unstable_reasons: list[str]
    demand_met: Annotated[
        bool | None,
        Meta(description="Whether the throughput that a rule asks for can be had; null: none does"),
    ]
    generator_bound: Annotated[
        bool, Meta(description="The generator was the limit, so nothing here is the chain's capacity")
    ]
    bottleneck: Annotated[Bottleneck | None, Meta(description="What gives first; null: it could not be seen")]
    bottleneck_stage: Annotated[
        str | None, Meta(description="The CA's stage that the RA's calls spend most of their time in")
    ]
    evidence: Annotated[list[Evidence], Meta(description="Each part's ceiling, the lowest first")]
    baseline_p50_seconds: Annotated[float | None, Meta(description="Of one phone at a time")]
    interrupted: bool = False
    searched: Searched
    trials: list[Trial]
    failing: Annotated[
        Failing | None,
        Meta(description="Most failed calls of the RA where a rule broke; null: hardly any, or not seen"),
    ] = None
    models: Annotated[
        Models | None, Meta(description="How the chain scales with phones at a time; null: none were made")
    ] = None

    @property
    def good(self) -> bool:
        """Whether there is an answer, and it is what was asked for."""
        return self.sustainable_rate_per_second is not None and self.demand_met is not False


def capacity_of(
    trials: Sequence[Trial],
    found: Found,
    rules: Sequence[Rule],
    searched: Searched,
    *,
    interrupted: bool = False,
) -> Capacity:
    """The answer that these trials give."""
    known = None if found.generator_bound else estimate(trials)
    evidence = evidence_of(trials, searched.machine) if valid(trials) else []
    stage = held_longest_by(trials)
    reasons = reasons_of_instability(trials)
    low, high = _interval(known, trials, unstable=bool(reasons)) if known else (None, None)
    # Of a user's server nothing but its answers is seen; the generator is there, and did not give.
    is_seen = evidence and known and not searched.target
    first: Bottleneck | None = evidence[0].part if is_seen else None
    baseline = of_step(valid(trials), "baseline")
    return Capacity(
        sustainable_rate_per_second=known.rate_per_second if known else None,
        interval_95=(low, high) if low is not None and high is not None else None,
        held_at_per_second=found.held,
        why=found.why,
        rule=known.rule if known else _first_broken(valid(trials)),
        method=known.method if known else "",
        confirmed=known is not None and _confirmed(known, trials),
        unstable=bool(reasons),
        unstable_reasons=reasons,
        demand_met=_demand_met(known, rules),
        generator_bound=found.generator_bound,
        bottleneck="generator" if found.generator_bound else first,
        bottleneck_stage=stage[0] if stage else None,
        evidence=evidence,
        baseline_p50_seconds=baseline[0].latency_p50_seconds if baseline else None,
        interrupted=interrupted,
        searched=searched,
        trials=list(trials),
        failing=fails_by(trials),
    )


def _first_broken(trials: Sequence[Trial]) -> str:
    broken = (verdict.rule for trial in trials for verdict in trial.slo.rules if verdict.met is False)
    return next(broken, "")


def _interval(known: Estimate, trials: Sequence[Trial], *, unstable: bool) -> tuple[float, float]:
    """The estimate's own; of trials that disagree, as wide as they do."""
    if not unstable:
        return known.low, known.high
    loaded = [trial for trial in valid(trials) if trial.plan.step != "baseline"]
    held = [trial.rate_per_second for trial in loaded if trial.met]
    broken = [trial.rate_per_second for trial in loaded if not trial.met]
    return min(known.low, *broken), max(known.high, *held)


def _confirmed(known: Estimate, trials: Sequence[Trial]) -> bool:
    holds = of_step(valid(trials), "hold")
    rounds = [holds[at : at + _ROUND] for at in range(0, len(holds), _ROUND)]
    if known.method == "bracket" or len(rounds) < 2 or known.width > _CONFIRMED_WIDTH:
        return False
    for left_out in rounds:
        other = estimate([trial for trial in trials if trial not in left_out])
        if other is None:
            return False
        if abs(math.log(other.rate_per_second / known.rate_per_second)) > math.log1p(_CONFIRMED_WITHIN):
            return False
    return True


def _demand_met(known: Estimate | None, rules: Sequence[Rule]) -> bool | None:
    asked = [rule.threshold for rule in rules if is_demand(rule)]
    if not asked:
        return None
    return known is not None and known.rate_per_second >= max(asked)


def write(capacity: Capacity, path: Path) -> None:
    """The answer as indented JSON, whole at any moment."""
    documents.write(capacity, path)


def read(path: Path) -> Capacity:
    """The answer at `path`; JournalError when there is none or it is of another version."""
    return documents.read(path, Capacity, f"an answer of version {VERSION}", JournalError)


def schema() -> bytes:
    """The JSON Schema (2020-12) of `capacity.json`, as docs/capacity.schema.json holds it."""
    return documents.schema(Capacity, "estorm capacity")


if __name__ == "__main__":
    sys.stdout.buffer.write(schema())
