"""Means of few replications, with their intervals."""

import random

import pytest

from loadtests.tuning.interval import interval


def test_three_values_have_students_interval() -> None:
    # t(0.975, 2) = 4.303, standard error 1/sqrt(3)
    found = interval([1, 2, 3])
    assert (found.mean, found.low, found.high) == pytest.approx((2, 2 - 2.484, 2 + 2.484), abs=0.001)


def test_nineteen_in_twenty_intervals_hold_the_truth() -> None:
    source = random.Random(1)
    held = 0
    for _ in range(2000):
        found = interval([source.gauss(5, 2) for _ in range(4)])
        held += found.low <= 5 <= found.high
    assert held / 2000 == pytest.approx(0.95, abs=0.02)


def test_one_value_is_its_own_interval() -> None:
    assert interval([4.0]).low == interval([4.0]).high == 4.0


def test_more_confidence_takes_a_wider_interval() -> None:
    # t(0.995, 2) = 9.925
    found = interval([1, 2, 3], 0.99)
    assert found.high - found.mean == pytest.approx(9.925 / 3**0.5, abs=0.001)
