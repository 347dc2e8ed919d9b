"""On queues, whose chance is that of real ones, and on one whose service time is another in each trial."""

import msgspec
import numpy as np
import pytest

from loadtests.capacity.stability import reasons_of_instability
from loadtests.capacity.trial import Trial
from tests.loadtests.capacity.trials import changed, trial


def halves(source: np.random.Generator, rate: float, service_seconds: float) -> tuple[float, float]:
    """The p50 of each half of a trial of 2000 phones at one server (Lindley's recursion)."""
    gaps, service = source.exponential(1 / rate, 2200), source.exponential(service_seconds, 2200)
    starts = np.cumsum(gaps)
    done = np.cumsum(service)
    idle = np.maximum.accumulate(starts - np.concatenate(([0.0], done[:-1])))
    latency = (done + idle - starts)[200:]
    return float(np.median(latency[:1000])), float(np.median(latency[1000:]))


def holds(seed: int, unlike: float) -> list[Trial]:
    """Twelve holds around 5/s; service times differ from trial to trial by this deviation of their log."""
    source = np.random.default_rng(seed)
    return [
        changed(
            trial(number, "hold", rate, 0.01),
            half_p50_seconds=halves(source, rate, 0.1 * float(np.exp(source.normal(0, unlike)))),
        )
        for number, rate in enumerate([5.0, 4.5, 5.5] * 4, 1)
    ]


def test_chance_alone_is_not_called_unstable() -> None:
    found = [reasons_of_instability(holds(seed, unlike=0.0)) for seed in range(40)]
    assert sum(map(bool, found)) <= 1


def test_a_chain_that_is_another_in_each_trial_is_called_unstable() -> None:
    found = [reasons_of_instability(holds(seed, unlike=0.3)) for seed in range(40)]
    assert sum(map(bool, found)) >= 36
    assert "as that of their own halves does" in next(filter(None, found))[0]


def test_a_rate_that_held_far_above_one_that_broke_is_told() -> None:
    made = [trial(1, "rise", 40, 0.2), trial(2, "bisect", 60, 0.0)]
    assert reasons_of_instability(made) == ["rules broke at 40/s and held at 60/s"]


def test_trials_of_few_phones_contradict_nobody() -> None:
    broke, held = trial(1, "rise", 40, 0.06), trial(2, "bisect", 60, 0.0)
    few = [
        changed(each, margins=[msgspec.structs.replace(each.margins[0], phones=100)])
        for each in (broke, held)
    ]
    assert reasons_of_instability([broke, held])
    assert reasons_of_instability(few) == []


@pytest.mark.parametrize("problem", ["the ca ended by itself", ""])
def test_what_says_nothing_about_the_chain_contradicts_nothing(problem: str) -> None:
    spoilt = changed(trial(1, "rise", 40, 0.2), problem=problem, generator_bound=not problem)
    assert reasons_of_instability([spoilt, trial(2, "bisect", 60, 0.0)]) == []
