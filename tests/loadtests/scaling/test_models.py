import msgspec
import pytest

from loadtests.scaling.curve import Curve
from loadtests.scaling.demands import Limits
from loadtests.scaling.models import Models, model
from tests.loadtests.scaling.levels import levels_of
from tests.loadtests.scaling.test_chain import chain
from tests.loadtests.scaling.test_comparison import WORKERS, levels_by


@pytest.fixture(scope="module")
def models() -> Models:
    return model(levels_by(chain(WORKERS, inside=0.2), 0.01, 1), WORKERS, 1)


def test_the_queueing_model_says_what_limits_and_where(models: Models) -> None:
    assert models.queueing is not None
    assert models.queueing.bottleneck == "RA workers"
    assert models.queueing.highest_per_second == pytest.approx(25, rel=0.02)


def test_it_predicts_throughput_and_latency_at_the_levels_and_beyond(models: Models) -> None:
    assert models.queueing is not None
    found = {point.concurrency: point for point in models.queueing.at_once}
    assert {1, 2, 4, 8, 16, 32, 64, 128} <= set(found)
    assert found[128].latency_mean_seconds == pytest.approx(128 / 25, rel=0.02)


def test_latency_grows_with_the_rate_that_is_offered(models: Models) -> None:
    assert models.queueing is not None
    tails = [point.latency_p99_seconds for point in models.queueing.offered]
    assert tails == sorted(tails)
    assert tails[0] < 0.5 < tails[-1]


def test_five_levels_give_a_queueing_model_and_say_why_there_is_no_curve() -> None:
    found = model(levels_by(chain(WORKERS, inside=0.2), 0.01, 1)[:5], WORKERS, 1)
    assert (found.usl, found.comparison) == (None, None)
    assert found.queueing is not None
    assert "needs 6 levels" in found.note


def test_levels_without_usage_give_a_curve_alone() -> None:
    found = model(levels_of(Curve(20.0, 0.05, 0.001), 0.01, 1), Limits(), 1)
    assert found.usl is not None
    assert found.queueing is None
    assert "usage of the chain was measured" in found.note


def test_no_levels_at_all_make_no_models() -> None:
    found = model([], Limits(), 1)
    assert (found.usl, found.queueing, found.comparison) == (None, None, None)
    assert found.note


def test_models_are_kept_as_json(models: Models) -> None:
    assert msgspec.json.decode(msgspec.json.encode(models), type=Models) == models
