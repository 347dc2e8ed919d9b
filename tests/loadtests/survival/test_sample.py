import math

import numpy as np
import pytest

from loadtests.errors import ScenarioError
from loadtests.survival.sample import Sample, alikeness, exceedances


def test_a_sample_tells_up_to_the_first_cut_after_which_nothing_was_seen() -> None:
    assert Sample.of([1, 2, 9.9], [10.0, 10.002]).horizon_seconds == 10.0
    assert Sample.of([1, 2, 12.0], [3.0, 14.0]).horizon_seconds == 14.0


def test_a_sample_without_cuts_tells_everything() -> None:
    assert Sample.of([1, 2]).horizon_seconds == math.inf


@pytest.mark.parametrize(
    ("seen", "words"), [([], "no durations"), ([-1.0], "0 or more"), ([math.nan], "must be a number")]
)
def test_what_is_no_sample_is_refused(seen: list[float], words: str) -> None:
    with pytest.raises(ScenarioError, match=words):
        Sample.of(seen)


def test_nothing_over_the_threshold_is_lost_between_the_edges() -> None:
    sample = Sample.of(np.linspace(0.001, 9.999, 5_000), [10.0] * 70)
    for threshold in (0.0, 0.5, 4.0):
        data = exceedances(sample, threshold)
        assert data.seen == (sample.seen >= data.threshold).sum()
        assert data.size == data.seen + 70
        assert data.edges[-1] <= 10.0


def test_calls_that_are_slow_by_chance_are_not_alike() -> None:
    chance = np.random.default_rng(1)
    assert alikeness(chance.random(20_000) < 0.1, np.arange(20_000.0)) == 1.0


def test_calls_that_are_slow_in_spells_are_alike() -> None:
    spell = (np.arange(20_000) // 500) % 10 == 0
    assert alikeness(spell, np.arange(20_000.0)) > 50


def test_the_order_of_a_log_does_not_matter_to_spells() -> None:
    spell, at = (np.arange(20_000) // 500) % 10 == 0, np.arange(20_000.0)
    mixed = np.random.default_rng(1).permutation(20_000)
    assert alikeness(spell[mixed], at[mixed]) == alikeness(spell, at)


def test_too_few_slow_calls_say_nothing_of_spells() -> None:
    assert alikeness(np.array([True] * 5 + [False] * 500), np.arange(505.0)) == 1.0
