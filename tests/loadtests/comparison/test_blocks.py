"""Blocks of a schedule: weights that add up, errors that independent and dependent values really have."""

import numpy as np
import pytest
from numpy.typing import NDArray

from loadtests.comparison.blocks import CUTS, RESAMPLES, Blocks, Chance, chances
from loadtests.comparison.moments import Moments

PLENTY = Moments(200.0)


def means(positions: NDArray[np.float64], values: NDArray[np.float64]) -> list[Chance]:
    def statistic(blocks: Blocks, part: slice) -> NDArray[np.float64]:
        weights = blocks.weights(positions, part)
        return np.asarray((weights @ values / weights.sum(axis=1))[None])

    return chances(statistic, [PLENTY], np.random.default_rng(3))


@pytest.mark.parametrize("cut", CUTS)
def test_every_position_is_drawn_once_on_average(cut: int) -> None:
    blocks = Blocks(np.random.default_rng(1).random((RESAMPLES, cut)), 1 / cut)
    weights = blocks.weights(np.linspace(0, 0.999, 50), slice(0, RESAMPLES))
    assert weights.sum(axis=1).mean() == pytest.approx(50, rel=0.03)
    assert weights.min() >= 0


def test_a_block_at_the_end_goes_on_at_the_beginning() -> None:
    blocks = Blocks(np.array([[0.9]]), 0.2)
    assert blocks.weights(np.array([0.05, 0.15, 0.5, 0.95]), slice(0, 1)).tolist() == [[1, 0, 0, 1]]


def test_the_error_of_independent_values_is_that_of_theory() -> None:
    values = np.random.default_rng(2).normal(size=2000)
    (chance,) = means(np.arange(2000) / 2000, values)
    assert chance.errors[0] == pytest.approx(1 / np.sqrt(2000), rel=0.5)
    assert not chance.is_open


def test_values_that_remember_each_other_have_a_larger_error() -> None:
    dice, values = np.random.default_rng(2), np.zeros(2000)
    for at in range(1, 2000):
        values[at] = 0.9 * values[at - 1] + dice.normal()
    (chance,) = means(np.arange(2000) / 2000, values)
    # AR(1): sqrt((1 + 0.9) / (1 - 0.9)) times that of independent values of the same variance.
    assert chance.errors[0] == pytest.approx(values.std() / np.sqrt(2000) * np.sqrt(19), rel=0.5)


def test_a_drift_over_the_whole_run_leaves_the_question_open() -> None:
    values = np.sin(np.arange(2000) / 2000 * np.pi * 2) + np.random.default_rng(4).normal(size=2000) / 10
    (chance,) = means(np.arange(2000) / 2000, values)
    assert chance.is_open


def test_runs_with_moments_in_plenty_are_cut_finely() -> None:
    assert Chance((1.0, 9.0, 9.0), PLENTY).half_width(0.025) == pytest.approx(2.093, abs=1e-3)


@pytest.mark.parametrize(("apart", "width"), [(120, 2.262), (60, 2.776), (30, 2.776)])
def test_runs_with_fewer_moments_are_cut_coarsely_and_the_widest_interval_counts(
    apart: float, width: float
) -> None:
    assert Chance((1.0, 1.0, 1.0), Moments(apart)).half_width(0.025) == pytest.approx(width, abs=1e-3)


def test_a_wider_interval_of_shorter_blocks_counts_too() -> None:
    assert Chance((9.0, 1.0, 1.0), Moments(120)).half_width(0.025) == pytest.approx(9 * 2.093, abs=1e-2)


@pytest.mark.parametrize("moments", [Moments(19), Moments(200, beyond=3)])
def test_too_few_moments_leave_the_question_open(moments: Moments) -> None:
    assert Chance((1.0, 1.0, 1.0), moments).is_open
