import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests.results.histograms import RESOLUTION, Histogram, merged

seconds = st.floats(0, 3600)


def histogram(values: list[float]) -> Histogram:
    counted = Histogram()
    for value in values:
        counted.record(value)
    return counted


@given(st.lists(st.lists(seconds, max_size=30), min_size=1, max_size=4))
def test_histograms_of_parts_add_up_to_the_histogram_of_the_whole(parts: list[list[float]]) -> None:
    whole = histogram([value for part in parts for value in part])
    together = merged(histogram(part).encode() for part in parts)
    assert together.spread() == whole.spread()


@given(st.lists(seconds, min_size=1, max_size=200), st.sampled_from([50, 95, 99, 99.9, 100]))
def test_a_percentile_is_the_nearest_ranks_value_within_the_resolution(
    values: list[float], percent: float
) -> None:
    rank = max(1, math.ceil(percent * len(values) / 100))
    exact = sorted(values)[rank - 1]
    assert histogram(values).percentile(percent) == pytest.approx(exact, rel=RESOLUTION, abs=1e-6)


def test_nothing_counted_has_no_spread() -> None:
    assert Histogram().spread() is None
    assert merged([]).count == 0


def test_what_is_out_of_range_counts_at_the_edge() -> None:
    spread = histogram([-1.0, 7200.0]).spread()
    assert spread is not None
    assert (spread.count, spread.p50) == (2, 0.0)
    assert spread.max == pytest.approx(3600, rel=RESOLUTION)


@pytest.mark.parametrize("text", ["", "x", "HISTFAAAAB14nJNpmSzMwMDAxAABzFCaEUoz2X+AsQA=="])
def test_what_is_no_histogram_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a histogram"):
        Histogram().add(text)
