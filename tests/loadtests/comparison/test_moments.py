"""How many independent moments series are worth, where theory knows it."""

import math

import numpy as np
import pytest

from loadtests.comparison import moments
from loadtests.comparison.moments import Moments
from loadtests.comparison.observed import Array
from tests.loadtests.comparison.storms import observed

BINS = 200


def autoregressive(memory: float, length: int, seed: int = 1) -> Array:
    dice, values = np.random.default_rng(seed), np.zeros(length)
    for at in range(1, length):
        values[at] = memory * values[at - 1] + dice.normal()
    return values


def of_run(load: float, phones: int, quantile: float) -> Moments:
    run = observed(3, phones, load=load)
    return moments.of_quantile([(run.starts / run.span_seconds, run.latencies)], quantile)


def test_independent_values_remember_nothing() -> None:
    assert moments.memory_bins(np.random.default_rng(1).normal(size=4000)) == pytest.approx(1, abs=0.2)


def test_memory_is_that_of_theory() -> None:
    # AR(1): (1 + 0.8) / (1 - 0.8).
    assert moments.memory_bins(autoregressive(0.8, 20_000)) == pytest.approx(9, rel=0.2)


def test_a_walk_at_random_is_worth_few_moments_however_long() -> None:
    walk = np.random.default_rng(2).normal(size=BINS).cumsum()
    assert moments.apart([walk]) < 20


def test_what_never_changes_has_no_memory() -> None:
    assert moments.memory_bins(np.ones(BINS)) == 0
    assert math.isinf(moments.apart([np.ones(BINS)]))


def test_a_sum_varies_as_theory_says() -> None:
    # Of n values of an AR(1): n / (1 - 0.8)^2.
    assert moments.total_variance(autoregressive(0.8, 20_000)) == pytest.approx(20_000 / 0.04, rel=0.2)


def test_a_calm_run_is_worth_many_moments_and_a_busy_one_few() -> None:
    calm, busy = of_run(0.3, 2000, 0.5), of_run(1.0, 2000, 0.5)
    assert calm.apart > 100
    assert not calm.are_few
    assert busy.are_few


def test_the_tail_of_a_run_of_independent_attempts_is_as_many_visits_as_attempts() -> None:
    found = of_run(0.01, 2000, 0.95)
    assert found.beyond == pytest.approx(100, rel=0.3)


def test_a_tail_of_a_single_queue_is_too_few() -> None:
    run = observed(3, 2000, load=0.1)
    run.latencies[1000:1020] += 5
    found = moments.of_quantile([(run.starts / run.span_seconds, run.latencies)], 0.99)
    assert found.beyond < 3


def test_phones_that_all_come_at_once_are_one_moment() -> None:
    assert moments.of_quantile([(np.zeros(100), np.arange(100.0))], 0.5).are_few


def test_latencies_that_are_all_the_same_are_no_queue() -> None:
    assert not moments.of_quantile([(np.arange(1000) / 1000, np.ones(1000))], 0.5).are_few
