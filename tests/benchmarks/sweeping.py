"""A sweep: every rate tried, and the knee read off. What a search is held against."""

import math
from collections.abc import Callable, Sequence

from loadtests.capacity.search import SearchSettings, decide
from loadtests.capacity.trial import Bench, Trial, TrialPlan

Trials = Callable[[Sequence[TrialPlan]], list[Trial]]

STEP = 1.05
SWEPT_BEYOND = 4


def search(table: Bench, settings: SearchSettings) -> list[Trial]:
    trials = list[Trial]()
    while isinstance(plan := decide(trials, settings), TrialPlan):
        trials.append(table.trial(plan))
    return trials


def sweep(make: Trials, settings: SearchSettings, first: float, made: list[Trial], at_once: int = 1) -> float:
    """Every rate from the first on in steps of 5 %, as long and as often as a search holds one.

    Gives the middle between the last rate that held in most of its trials and the first that did not. So many
    rates are tried at once, each on a chain of its own; what was tried beyond the end does not count.
    """
    rate, held, beyond = first, first, list[float]()
    while True:
        rates = [rate * STEP**n for n in range(at_once)]
        plans = [held_at(settings, each, len(made) + n) for n, each in enumerate(rates * settings.holds)]
        trials = make(plans)
        for each in rates:
            tried = [trial for trial in trials if trial.plan.rate_per_second == each]
            made += tried
            held, beyond = (each, []) if most_held(tried) else (held, [*beyond, each])
            if len(beyond) == SWEPT_BEYOND:
                return math.sqrt(held * beyond[0])
        rate *= STEP**at_once


def one_by_one(table: Bench) -> Trials:
    return lambda plans: [table.trial(plan) for plan in plans]


def held_at(settings: SearchSettings, rate: float, number: int) -> TrialPlan:
    seconds = max(settings.hold_seconds, settings.least_phones_held / rate)
    return TrialPlan("hold", 1001 + number, rate, settings.settle_seconds, seconds)


def most_held(trials: Sequence[Trial]) -> bool:
    return sum(trial.met for trial in trials) * 2 >= len(trials)
