import numpy as np
import pytest

from loadtests.scaling.chain import Chain
from loadtests.scaling.comparison import compare
from loadtests.scaling.curve import Curve
from loadtests.scaling.demands import Limits
from loadtests.scaling.level import Level, Repeat
from tests.loadtests.scaling.levels import CONCURRENCIES, levels_of, repeat
from tests.loadtests.scaling.test_chain import chain, demands

WORKERS = Limits(ra_workers=5)


def levels_by(made: Chain, noise: float, seed: int) -> list[Level]:
    """Levels of a chain that is as the queueing model has it."""
    source = np.random.default_rng([2, seed])
    seen = demands(worker=made.inside, pages=0.0)
    return [
        Level(
            n,
            [
                Repeat(float(made.closed_per_second(n) * (1 + noise * each)), 0.2, 0.2, 0.2, 500, 0.0, seen)
                for each in source.standard_normal(3)
            ],
        )
        for n in CONCURRENCIES
    ]


def test_a_chain_with_a_sharp_knee_is_better_predicted_by_its_queues() -> None:
    found = compare(levels_by(chain(WORKERS, inside=0.2), 0.01, 1), WORKERS)
    assert found.better == "queueing"
    assert found.queueing_error is not None
    assert found.queueing_error < 0.03 < found.usl_error
    assert found.chance < 0.05
    assert found.note.startswith("the queueing model predicts better (leave-one-out error ")
    assert "chance" not in found.note


def test_a_chain_that_loses_by_coherency_is_better_predicted_by_the_law() -> None:
    """Each has twice the contention that a queueing model, which sees no coherency, would find."""
    seen = demands(worker=0.05, pages=0.0)
    levels = [
        Level(
            each.concurrency, [Repeat(r.per_second, 0.05, 0.05, 0.05, 500, 0.0, seen) for r in each.repeats]
        )
        for each in levels_of(Curve(20.0, 0.1, 0.01), 0.005, 1)
    ]
    found = compare(levels, Limits())
    assert found.better == "usl"
    assert found.chance < 0.05


def test_of_models_that_err_alike_the_better_one_is_named_and_that_it_may_be_chance() -> None:
    found = compare(levels_by(chain(Limits(), inside=0.2), 0.02, 1), Limits())
    assert found.queueing_error is not None
    assert found.better == ("usl" if found.usl_error < found.queueing_error else "queueing")
    assert f"which may be chance: models that err alike differ as much in {found.chance:.0%}" in found.note


def test_a_level_is_left_out_of_what_predicts_it() -> None:
    levels = levels_of(Curve(20.0, 0.05, 0.001), 0.0, 1)
    strange = [*levels[:3], Level(8, [repeat(50.0)]), *levels[4:]]
    row = next(row for row in compare(strange, Limits()).levels if row.concurrency == 8)
    assert row.usl_left_out_per_second == pytest.approx(levels[3].per_second, rel=1e-3)
    assert abs(row.usl_fitted_per_second - 50) < abs(row.usl_left_out_per_second - 50)


def test_without_usage_the_law_stands_alone() -> None:
    found = compare(levels_of(Curve(20.0, 0.05, 0.001), 0.01, 1), Limits())
    assert found.queueing_error is None
    assert found.better == "neither"
    assert "no queueing model" in found.note
