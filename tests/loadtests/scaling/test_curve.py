import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests.scaling.curve import Curve, fit, peaks, throughputs

CONCURRENCY = np.array([1.0, 2, 4, 8, 16, 32, 64])


def test_one_phone_at_a_time_reaches_lambda() -> None:
    assert Curve(20.0, 0.3, 0.01).per_second(1) == pytest.approx(20)


def test_without_contention_and_coherency_throughput_grows_with_the_phones() -> None:
    assert Curve(20.0, 0.0, 0.0).per_second(50) == pytest.approx(1000)


@given(st.floats(0.1, 1e4), st.floats(0, 0.9), st.floats(1e-6, 0.1))
def test_a_curve_is_found_again_from_its_own_points(
    alone: float, contention: float, coherency: float
) -> None:
    truth = np.array([[alone, contention, coherency]])
    found = fit(CONCURRENCY, throughputs(truth, CONCURRENCY))
    assert found[0] == pytest.approx(truth[0], rel=1e-4, abs=1e-9)


def test_throughput_is_highest_at_the_peak() -> None:
    curve = Curve(20.0, 0.05, 0.001)
    peak = peaks(curve.parameters)[0]
    assert peak == pytest.approx((0.95 / 0.001) ** 0.5)
    assert curve.per_second(peak) > max(curve.per_second(peak * 0.9), curve.per_second(peak * 1.1))


def test_a_curve_without_coherency_has_its_peak_at_infinity() -> None:
    assert peaks(Curve(20.0, 0.05, 0.0).parameters)[0] == np.inf


def test_no_parameter_comes_out_negative_where_throughput_grows_faster_than_the_phones() -> None:
    found = fit(CONCURRENCY, (20 * CONCURRENCY**1.1)[None])[0]
    assert found[1] == found[2] == 0


def test_many_rows_are_fitted_each_by_itself() -> None:
    rows = np.array([[20, 0.05, 0.001], [300, 0.5, 0.0]])
    assert fit(CONCURRENCY, throughputs(rows, CONCURRENCY)) == pytest.approx(rows, abs=1e-8)


def test_a_fit_without_coherency_leaves_it_at_0() -> None:
    measured = throughputs(np.array([[20, 0.05, 0.001]]), CONCURRENCY)
    assert fit(CONCURRENCY, measured, coherent=False)[0, 2] == 0
