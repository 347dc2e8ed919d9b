"""Counts: exact intervals that hold the truth, and wider ones where trouble comes in clumps."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests.comparison.counts import Count, design_effect, ratio
from loadtests.comparison.observed import Array

EACH_SIDE = 0.025


def seen(at: Array, phones: int) -> Count:
    """What happened at these shares of a schedule that is even."""
    return Count(len(at), phones, np.sort(at), (np.arange(phones) + 0.5) / phones)


def spread_out(happened: int, phones: int) -> Count:
    return seen((np.arange(happened) + 0.5) / max(1, happened), phones)


@given(st.integers(0, 50), st.integers(0, 50), st.integers(50, 500), st.integers(50, 500))
def test_an_interval_holds_the_ratio_that_was_seen(before: int, after: int, one: int, two: int) -> None:
    found = ratio([spread_out(before, one)], [spread_out(after, two)], EACH_SIDE)
    assert found.low <= found.value <= found.high


def test_the_interval_is_that_of_the_conditional_test() -> None:
    """Of 3 and 12 the other side's share lies in Clopper and Pearson's interval of 12 of 15."""
    found = ratio([Count(3, 1000)], [Count(12, 1000)], EACH_SIDE)
    assert found.value == pytest.approx(4)
    assert [found.low, found.high] == pytest.approx([1.0795, 22.086], rel=1e-3)


def test_what_never_happened_before_has_no_upper_end() -> None:
    found = ratio([Count(0, 100)], [Count(7, 100)], EACH_SIDE)
    assert found.low > 1
    assert math.isinf(found.high)


def test_nothing_on_both_sides_says_nothing() -> None:
    found = ratio([Count(0, 100)], [Count(0, 100)], EACH_SIDE)
    assert (found.low, found.value, math.isinf(found.high)) == (0.0, 1.0, True)


def test_independent_failures_raise_false_alarms_no_more_often_than_promised() -> None:
    dice = np.random.default_rng(5)
    alarms = 0
    for _ in range(400):
        before, after = (seen(dice.random(dice.binomial(500, 0.04)), 500) for _ in range(2))
        alarms += ratio([before], [after], EACH_SIDE).low > 1
    assert alarms <= 0.04 * 400


def test_a_clump_counts_for_less_than_as_many_failures_here_and_there() -> None:
    dice = np.random.default_rng(6)
    calm = seen(dice.random(20), 1000)
    clumped, scattered = (seen(at, 1000) for at in (0.5 + 0.02 * dice.random(40), dice.random(40)))
    assert ratio([calm], [scattered], EACH_SIDE).low > 1
    assert ratio([calm], [clumped], EACH_SIDE).low < 1


def test_a_clump_on_one_side_where_the_other_has_nothing_is_a_single_event() -> None:
    clump = seen(0.5 + 0.1 * np.random.default_rng(7).random(100), 1000)
    assert ratio([seen(np.empty(0), 1000)], [clump], EACH_SIDE).low < 1


def test_failures_that_come_with_the_phones_of_a_batch_are_no_clump() -> None:
    dice = np.random.default_rng(8)
    phones_at = np.sort(np.repeat(np.arange(20) / 20, 50) + 0.01 * dice.random(1000))
    failed = phones_at[dice.random(1000) < 0.1]
    assert design_effect([], [Count(len(failed), 1000, failed, phones_at)]) < 2


def test_runs_that_differ_among_themselves_widen_the_interval() -> None:
    alike, unlike = ([Count(each, 1000) for each in counts] for counts in ((20, 21), (2, 39)))
    assert design_effect(alike, alike) == 1
    assert design_effect(unlike, alike) > 10
