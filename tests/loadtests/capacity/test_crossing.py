import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit, logit

from loadtests.capacity.crossing import Counted, crossing

RATES = [50.0, 80.0, 120.0, *[100.0, 90.0, 110.0] * 4]


def expected(allowed: float, steepness: float, at: float = 100.0) -> list[float]:
    return [float(expit(logit(allowed) + steepness * (rate / at - 1))) for rate in RATES]


def on_the_curve(allowed: float, steepness: float, at: float, phones: int) -> list[Counted]:
    shares = expected(allowed, steepness, at)
    return [Counted(rate, round(share * phones), phones) for rate, share in zip(RATES, shares, strict=True)]


def drawn(phones: int, together: int, seed: int) -> list[Counted]:
    """Around a crossing of 5 % at 100/s; phones are late `together`."""
    source, shares = np.random.default_rng(seed), expected(0.05, 5.0)
    late = [int(source.binomial(phones // together, share)) * together for share in shares]
    return [Counted(rate, count, phones) for rate, count in zip(RATES, late, strict=True)]


@settings(max_examples=20)
@given(st.sampled_from([0.01, 0.05, 0.2]), st.floats(2, 30), st.floats(90, 110))
def test_a_curve_without_scatter_is_found_again(allowed: float, steepness: float, at: float) -> None:
    found = crossing(on_the_curve(allowed, steepness, at, 10_000), allowed)
    assert found.rate_per_second == pytest.approx(at, rel=0.02)
    assert 0.99 * found.low < at < 1.01 * found.high
    assert found.high / found.low < 1.35


@pytest.mark.parametrize(("phones", "together"), [(30, 1), (100, 4), (1000, 10)])
def test_the_interval_holds_the_truth_with_few_phones_that_are_late_together(
    phones: int, together: int
) -> None:
    found = [crossing(drawn(phones, together, seed), 0.05) for seed in range(40)]
    assert sum(each.low <= 100 <= each.high for each in found) >= 36


def test_phones_that_are_late_together_make_a_wider_interval() -> None:
    alone, together = (crossing(drawn(1000, count, seed=1), 0.05) for count in (1, 50))
    assert together.high / together.low > 1.3 * alone.high / alone.low


def test_more_phones_make_a_narrower_interval() -> None:
    few, many = (crossing(drawn(phones, 1, seed=1), 0.05) for phones in (100, 10_000))
    assert many.high - many.low < (few.high - few.low) / 3


def test_where_nobody_was_late_the_limit_lies_at_or_beyond_the_highest_rate() -> None:
    found = crossing([Counted(rate, 0, 1000) for rate in (10.0, 20.0, 40.0)], 0.05)
    assert found.low > 10
    assert found.rate_per_second > 40


def test_a_share_that_is_there_at_any_rate_already_is_not_taken_for_a_slope() -> None:
    shares = {10: 0.04, 20: 0.041, 40: 0.04, 60: 0.042, 80: 0.045, 90: 0.047, 95: 0.05, 100: 0.06, 110: 0.15}
    found = crossing([Counted(rate, round(share * 20_000), 20_000) for rate, share in shares.items()], 0.05)
    assert found.low < 95 < found.high
    assert found.high / found.low < 1.3


def test_a_single_trial_says_little_but_does_not_fail() -> None:
    found = crossing([Counted(10.0, 1, 20)], 0.05)
    assert found.low < 10 < found.high
