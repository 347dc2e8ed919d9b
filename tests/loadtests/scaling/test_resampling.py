import numpy as np
import pytest

from loadtests.scaling.curve import Array, Curve, fit, throughputs
from loadtests.scaling.resampling import Scatter, coherency_chance
from loadtests.scaling.usl import points
from tests.loadtests.scaling.levels import levels_of

COHERENT, INCOHERENT = Curve(20.0, 0.05, 0.001), Curve(20.0, 0.05, 0.0)


def scattered(curve: Curve, seed: int = 1) -> tuple[Scatter, Array, Array]:
    concurrency, measured = points(levels_of(curve, 0.03, seed))
    scatter = Scatter.about(
        fit(concurrency, measured[None]), concurrency, measured, np.random.default_rng(seed)
    )
    return scatter, concurrency, measured


def test_replicas_spread_as_the_measurements_did() -> None:
    scatter, concurrency, _ = scattered(COHERENT)
    replicas = scatter.replicas(COHERENT.parameters, 4000, np.random.default_rng(2))
    relative = replicas / throughputs(COHERENT.parameters, concurrency) - 1
    assert relative.mean() == pytest.approx(0, abs=0.002)
    assert relative.std() == pytest.approx(0.03, rel=0.5)


def test_repeats_that_scatter_about_the_curve_do_not_miss_levels() -> None:
    assert not scattered(COHERENT)[0].misses_levels


def test_a_sharp_knee_is_no_scalability_law() -> None:
    """Five workers: as many times the throughput of one up to five phones, and no more from there."""
    source = np.random.default_rng(3)
    concurrency = np.repeat([1.0, 2, 4, 8, 16, 32, 64], 3)
    measured = np.minimum(concurrency, 5) * 10 * (1 + 0.005 * source.standard_normal(len(concurrency)))
    scatter = Scatter.about(fit(concurrency, measured[None]), concurrency, measured, source)
    assert scatter.misses_levels
    assert scatter.freedom == 7 - 3


def test_coherency_that_is_there_is_hardly_ever_gained_by_chance() -> None:
    scatter, concurrency, measured = scattered(COHERENT)
    assert coherency_chance(scatter, concurrency, measured, np.random.default_rng(4)) < 0.01


def test_coherency_that_is_not_there_is_gained_by_chance() -> None:
    """A p-value is even: below 0.05 in one case of twenty, and here at most in three."""
    cases = [scattered(INCOHERENT, seed) for seed in range(20)]
    chances = [coherency_chance(*case, np.random.default_rng(4)) for case in cases]
    assert sum(chance < 0.05 for chance in chances) <= 3
