import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests.capacity.regression import Fit, Point


def points(intercept: float, slope: float, phones: int = 100_000) -> list[Point]:
    """Exactly on the curve."""
    grid = np.linspace(-0.2, 0.2, 9)
    return [Point(float(x), 1 / (1 + math.exp(-(intercept + slope * float(x)))), phones) for x in grid]


@given(st.floats(-6, 0), st.floats(1, 30))
def test_a_curve_without_scatter_is_found_again(intercept: float, slope: float) -> None:
    fit = Fit.of(points(intercept, slope))
    assert fit is not None
    assert [fit.intercept, fit.slope] == pytest.approx([intercept, slope], rel=1e-3, abs=1e-3)


def test_it_crosses_a_share_where_the_curve_does_and_the_interval_is_around_it() -> None:
    fit = Fit.of(points(-4.0, 10.0))
    assert fit is not None
    crossing = fit.crossing(0.01, -1.0, 1.0)
    assert crossing is not None
    at, low, high = crossing
    assert at == pytest.approx((math.log(0.01 / 0.99) + 4.0) / 10.0, abs=1e-3)
    assert low < at < high


def test_scatter_beyond_that_of_coins_widens_the_interval() -> None:
    exact, noisy = points(-4.0, 10.0), points(-4.0, 10.0)
    noisy = [Point(p.x, p.share * (1.5 if n % 2 else 0.6), p.phones) for n, p in enumerate(noisy)]
    widths = []
    for each in (exact, noisy):
        fit = Fit.of(each)
        assert fit is not None
        crossing = fit.crossing(0.015, -1.0, 1.0)
        assert crossing is not None
        widths.append(crossing[2] - crossing[1])
    assert widths[1] > 3 * widths[0]


def test_a_share_that_falls_as_the_rate_grows_crosses_nowhere() -> None:
    fit = Fit.of(points(-4.0, -10.0))
    assert fit is not None
    assert fit.crossing(0.01, -1.0, 1.0) is None


@pytest.mark.parametrize(
    "given_points",
    [
        points(-4.0, 10.0)[:4],
        [Point(0.1, share, 100) for share in (0.01, 0.02, 0.03, 0.01, 0.02)],
        [Point(x, 0.0, 100) for x in (0.0, 0.1, 0.2, 0.3, 0.4)],
    ],
    ids=["too few", "one rate", "nobody was ever late"],
)
def test_what_decides_no_curve_makes_no_fit(given_points: list[Point]) -> None:
    assert Fit.of(given_points) is None
