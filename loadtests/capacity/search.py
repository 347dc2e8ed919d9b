"""The search for the highest rate at which the service level holds: which trial comes next.

    baseline   one phone at a time: what an unloaded chain takes
    rise       twice the rate, until a rule breaks
    bisect     between the highest rate that held and the lowest that did not
    hold       longer, at the candidate and on both sides of it, several times

The decision depends on the trials so far and on nothing else, so a search that was interrupted goes on from
the trials it has.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta

from loadtests.capacity.estimate import estimate
from loadtests.capacity.trial import Step, Trial, TrialPlan, bracket, of_step
from testbed.bounds import Settings

_FLANKS = (1.0, 0.93, 1.07)


class SearchSettings(Settings, frozen=True):
    """How to search. Rates are phones per second.

    `first_rate` None begins at what the baseline reached, and no lower than 1. A trial of the rise or the
    bisection lasts `trial_seconds`, a hold `hold_seconds`, each after `settle_seconds` that do not count, and
    longer where fewer than `least_phones` (`least_phones_held`) would start in it: the percentile of too few
    phones is lower than the true one. `holds` is how often each of three rates is held.
    """

    first_rate: Annotated[float, Meta(gt=0)] | None = None
    highest_rate: Annotated[float, Meta(gt=0)] = 100_000.0
    resolution: Annotated[float, Meta(gt=0, lt=1)] = 0.05
    settle_seconds: Annotated[float, Meta(ge=0)] = 5.0
    trial_seconds: Annotated[float, Meta(gt=0)] = 15.0
    hold_seconds: Annotated[float, Meta(gt=0)] = 30.0
    least_phones: Annotated[int, Meta(ge=1)] = 1000
    least_phones_held: Annotated[int, Meta(ge=1)] = 5000
    holds: Annotated[int, Meta(ge=1)] = 4
    most_trials: Annotated[int, Meta(ge=1)] = 60


@dataclass(frozen=True, slots=True)
class Found:
    """The search has ended: why, and the rates between which the limit lies; None where none was found."""

    why: str
    held: float | None
    broken: float | None


def decide(trials: Sequence[Trial], settings: SearchSettings) -> TrialPlan | Found:
    """What comes after these trials."""
    if not trials:
        return TrialPlan("baseline", 1, None, 0.0, settings.trial_seconds)
    if not trials[0].met:
        return Found("a rule is broken by one phone at a time already", None, None)
    held, broken = bracket(trials)
    if len(trials) >= settings.most_trials:
        return Found(f"{len(trials)} trials were made", held, broken)
    if broken is None:
        return _rise(trials, settings, held)
    return _narrow(trials, settings, held, broken)


def _rise(trials: Sequence[Trial], settings: SearchSettings, held: float | None) -> TrialPlan | Found:
    if held is None:
        first = settings.first_rate or max(1.0, trials[0].throughput_per_second)
        return _plan("rise", len(trials) + 1, min(first, settings.highest_rate), settings)
    last = trials[-1]
    if last.generator_bound:
        return Found("the generator was the limit before any rule broke", held, None)
    if held >= settings.highest_rate:
        return Found("the highest rate that was to be tried held", held, None)
    return _plan("rise", len(trials) + 1, min(2 * held, settings.highest_rate), settings)


def _narrow(
    trials: Sequence[Trial], settings: SearchSettings, held: float | None, broken: float
) -> TrialPlan | Found:
    number, holds = len(trials) + 1, of_step(trials, "hold")
    if held is None:
        return _plan("bisect", number, broken / 2, settings)
    if broken / held > 1 + settings.resolution and not holds:
        return _plan("bisect", number, (held * broken) ** 0.5, settings)
    if len(holds) >= settings.holds * len(_FLANKS):
        return Found("the limit was bracketed and held against", held, broken)
    # What the holds have taught moves the ones to come: the bracket came from short trials.
    known = estimate(trials)
    candidate = known.rate_per_second if known else (held * broken) ** 0.5
    rate = candidate * _FLANKS[len(holds) % len(_FLANKS)]
    return _plan("hold", number, rate, settings)


def _plan(step: Step, number: int, rate: float, settings: SearchSettings) -> TrialPlan:
    holding = step == "hold"
    seconds = settings.hold_seconds if holding else settings.trial_seconds
    least = settings.least_phones_held if holding else settings.least_phones
    return TrialPlan(step, number, rate, settings.settle_seconds, max(seconds, least / rate))
