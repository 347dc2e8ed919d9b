import bisect
import random
import statistics
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests.calibration.histogram import EDGES_MS, Histogram


def histogram_of(times_ms: list[int]) -> Histogram:
    histogram = Histogram()
    for each in times_ms:
        histogram.add(bisect.bisect_left(EDGES_MS, each), 1, each)
    return histogram


@given(st.lists(st.integers(0, 4_000_000), min_size=1, max_size=300), st.integers(1, 400))
def test_samples_are_in_order_and_keep_the_mean(times_ms: list[int], most: int) -> None:
    samples = histogram_of(times_ms).samples_ms(most)
    assert len(samples) == min(most, len(times_ms))
    assert statistics.fmean(samples) == pytest.approx(statistics.fmean(times_ms), abs=1e-6)
    assert all(after >= before - 1e-6 for before, after in pairwise(samples))


def test_as_many_samples_as_times_are_the_times() -> None:
    times_ms = [0, 1, 1, 7, 90]
    assert histogram_of(times_ms).samples_ms(1000) == pytest.approx(times_ms)


def test_a_heavy_tail_is_still_there() -> None:
    source = random.Random(1)
    times_ms = [int(100 * source.paretovariate(1.5)) for _ in range(100_000)]
    samples = sorted(histogram_of(times_ms).samples_ms(1000))
    times_ms.sort()
    for quantile in (0.5, 0.9, 0.99):
        expected = times_ms[int(quantile * len(times_ms))]
        assert samples[int(quantile * 1000)] == pytest.approx(expected, rel=0.05)
        assert histogram_of(times_ms).quantile_ms(quantile) == pytest.approx(expected, rel=0.03)


def test_a_million_different_times_take_few_buckets() -> None:
    assert len(EDGES_MS) < 1000
    assert histogram_of(list(range(0, 1_000_000, 100))).count == 10_000


def test_nothing_has_no_mean_and_no_samples() -> None:
    empty = Histogram()
    assert (empty.mean_ms, empty.quantile_ms(0.5), empty.samples_ms(10)) == (0, 0, [])
