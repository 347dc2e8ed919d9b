"""The search for the highest rate at which the service level holds: which trial comes next.

    baseline   one phone at a time: what an unloaded chain takes
    rise       twice the rate, until a rule breaks
    bisect     between the highest rate that held and the lowest that did not
    hold       longer, at the candidate and on both sides of it, several times

The decision depends on the trials so far and on nothing else, so a search that was interrupted goes on from
the trials it has. A trial that says nothing about the chain is made again.
"""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta

from loadtests.capacity.estimate import Estimate, estimate
from loadtests.capacity.trial import Step, Trial, TrialPlan, bracket, of_step, valid
from testbed.bounds import Settings

# Where to hold: at the candidate, below and above.
_FLANKS = (0.0, -1.0, 1.0)
# So far away that a third, or three times, as many phones are expected to be late, as a share of the rate.
_TOLD_APART = math.log(3)
_NARROWEST, _WIDEST = 0.1, 0.2
_VOID_IN_A_ROW = 2
_FEWEST_ROUNDS = 3
# Of the time budget: what the holds are left, and what each trial before them may take.
_HOLDS_SHARE, _TRIAL_SHARE = 0.55, 0.06
_USUAL_OVERHEAD_SECONDS = 6.0
_SHORTEST_SECONDS = 2.0
_SENSIBLE = 3.0
_NOISE = 1.5


class SearchSettings(Settings, frozen=True):
    """How to search. Rates are phones per second.

    `first_rate` None begins at what the baseline reached, and no lower than 1. A trial of the rise or the
    bisection lasts `trial_seconds`, a hold `hold_seconds`, each after `settle_seconds` that do not count, and
    longer where fewer than `least_phones` (`least_phones_held`) would start in it: few phones say little
    about one in a hundred. `holds` is how often each of three rates is held; to end early when the answer
    looks known picks the searches that are sure by chance. With `time_budget_seconds`, trials are as short
    as it takes to keep it.
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
    time_budget_seconds: Annotated[float, Meta(gt=0)] | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """The search has ended: why, and the rates between which the limit lies; None where none was found.

    `generator_bound`: what was found is the generator's limit, and the chain's is higher.
    """

    why: str
    held: float | None
    broken: float | None
    generator_bound: bool = False


def decide(trials: Sequence[Trial], settings: SearchSettings) -> TrialPlan | Found:
    """What comes after these trials."""
    pace = _Pace(trials, settings)
    found = _ended(trials, settings, pace)
    if found:
        return found
    known = valid(trials)
    if not known:
        return pace.plan("baseline", None)
    held, broken = bracket(known)
    if broken is None:
        return _rise(known, settings, held, pace)
    return _narrow(known, settings, held, broken, pace)


def seconds_left(trials: Sequence[Trial], settings: SearchSettings) -> float | None:
    """Of the time budget; None without one."""
    if settings.time_budget_seconds is None:
        return None
    return settings.time_budget_seconds - sum(trial.took_seconds for trial in trials)


def _ended(trials: Sequence[Trial], settings: SearchSettings, pace: "_Pace") -> Found | None:
    held, broken = bracket(trials)
    known, last = valid(trials), trials[-_VOID_IN_A_ROW:]
    if known and known[0].surely_broken:
        return Found("a rule is broken by one phone at a time already", None, None)
    if pace.is_over:
        return Found("the time budget was used up", held, broken)
    if len(last) == _VOID_IN_A_ROW and all(trial.void for trial in last):
        why = last[-1].problem or "the generator was the limit before the chain was"
        return Found(why, held, broken, generator_bound=not last[-1].problem)
    if len(trials) >= settings.most_trials:
        return Found(f"{len(trials)} trials were made", held, broken)
    return None


def _rise(
    trials: Sequence[Trial], settings: SearchSettings, held: float | None, pace: "_Pace"
) -> TrialPlan | Found:
    if held is None:
        first = settings.first_rate or max(1.0, trials[0].throughput_per_second)
        return pace.plan("rise", min(first, settings.highest_rate))
    if trials[-1].generator_bound:
        why = "the generator was the limit before any rule broke"
        return Found(why, held, None, generator_bound=True)
    if held >= settings.highest_rate:
        return Found("the highest rate that was to be tried held", held, None)
    return pace.plan("rise", min(2 * held, settings.highest_rate))


def _narrow(
    trials: Sequence[Trial], settings: SearchSettings, held: float | None, broken: float, pace: "_Pace"
) -> TrialPlan | Found:
    holds = of_step(trials, "hold")
    if held is None:
        return pace.plan("bisect", broken / 2)
    # Trials of few phones cannot tell rates apart that lie close together.
    resolution = max(settings.resolution, _NOISE / max(1, trials[-1].phones) ** 0.5)
    if broken / held > 1 + resolution and not holds and pace.may_bisect:
        return pace.plan("bisect", (held * broken) ** 0.5)
    known = estimate(trials)
    rounds, started = divmod(len(holds), len(_FLANKS))
    if rounds >= settings.holds:
        return Found("the limit was bracketed and held against", held, broken)
    # What the holds have taught moves the ones to come: the bracket came from short trials.
    candidate = known.rate_per_second if known else (held * broken) ** 0.5
    return pace.plan("hold", candidate * (1 + _FLANKS[started] * _apart(known)))


def _apart(known: Estimate | None) -> float:
    """How far from the candidate to hold, as a share of it."""
    if known is None or known.steepness is None:
        return _NARROWEST
    return min(max(_NARROWEST, _TOLD_APART / known.steepness), _WIDEST)


@dataclass(frozen=True, slots=True)
class _Pace:
    """How long trials may take."""

    trials: Sequence[Trial]
    settings: SearchSettings

    @property
    def is_over(self) -> bool:
        left = seconds_left(self.trials, self.settings)
        return left is not None and left < self._overhead() + _SHORTEST_SECONDS

    @property
    def may_bisect(self) -> bool:
        left, budget = seconds_left(self.trials, self.settings), self.settings.time_budget_seconds
        return left is None or budget is None or left > budget * _HOLDS_SHARE

    def plan(self, step: Step, rate: float | None) -> TrialPlan:
        settings, number = self.settings, len(self.trials) + 1
        seconds = settings.hold_seconds if step == "hold" else settings.trial_seconds
        least = settings.least_phones_held if step == "hold" else settings.least_phones
        wanted = max(seconds, least / rate) if rate else seconds
        settle = settings.settle_seconds
        allowed = self._allowed(step)
        if allowed is not None:
            settle = min(settle, allowed / 3)
            wanted = max(_SHORTEST_SECONDS, min(wanted, allowed - settle))
        return TrialPlan(step, number, rate, settle, wanted)

    def _allowed(self, step: Step) -> float | None:
        """Seconds for settling and measuring; None without a budget."""
        left, budget = seconds_left(self.trials, self.settings), self.settings.time_budget_seconds
        if left is None or budget is None:
            return None
        share = budget * _TRIAL_SHARE
        if step == "hold":
            share = max(share, left / self._holds_left(left))
        return max(_SHORTEST_SECONDS, min(share, left) - self._overhead())

    def _holds_left(self, left: float) -> int:
        """How many holds there are to be: rather few, when short ones would be overhead mostly."""
        made = len(of_step(valid(self.trials), "hold"))
        sensible = int(left / (_SENSIBLE * (self._overhead() + self.settings.settle_seconds)))
        fewest = _FEWEST_ROUNDS * len(_FLANKS) - made
        return max(1, min(self.settings.holds * len(_FLANKS) - made, max(fewest, sensible)))

    def _overhead(self) -> float:
        """What trials take besides: the lab's start, the last phones, what is written."""
        besides = [
            trial.took_seconds - trial.plan.settle_seconds - trial.plan.measured_seconds
            for trial in self.trials
            if not trial.cut_short and trial.plan.rate_per_second
        ]
        return max(0.0, statistics.median(besides)) if besides else _USUAL_OVERHEAD_SECONDS
