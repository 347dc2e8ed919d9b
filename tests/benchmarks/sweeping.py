"""A sweep: every rate tried, and the knee read off. What a search is held against."""

import math
from collections.abc import Sequence

from loadtests.capacity.search import SearchSettings, decide
from loadtests.capacity.trial import Bench, Trial, TrialPlan

STEP = 1.05
SWEPT_BEYOND = 4


def search(table: Bench, settings: SearchSettings) -> list[Trial]:
    trials = list[Trial]()
    while isinstance(plan := decide(trials, settings), TrialPlan):
        trials.append(table.trial(plan))
    return trials


def sweep(table: Bench, settings: SearchSettings, first: float, made: list[Trial]) -> float:
    """Every rate from the first on in steps of 5 %, as long and as often as a search holds one.

    Gives the middle between the last rate that held in most of its trials and the first that did not.
    """
    rate, held, beyond = first, first, list[float]()
    while len(beyond) < SWEPT_BEYOND:
        trials = [table.trial(held_at(settings, rate, len(made) + n)) for n in range(settings.holds)]
        made += trials
        if most_held(trials):
            held, beyond = rate, []
        else:
            beyond.append(rate)
        rate *= STEP
    return math.sqrt(held * beyond[0])


def held_at(settings: SearchSettings, rate: float, number: int) -> TrialPlan:
    seconds = max(settings.hold_seconds, settings.least_phones_held / rate)
    return TrialPlan("hold", 1001 + number, rate, settings.settle_seconds, seconds)


def most_held(trials: Sequence[Trial]) -> bool:
    return sum(trial.met for trial in trials) * 2 >= len(trials)
