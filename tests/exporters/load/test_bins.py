import math

from hypothesis import given
from hypothesis import strategies as st

from exporters.load.bins import Bins

EDGES = (0.1, 1.0, 10.0)
seconds = st.just(0.0) | st.floats(1e-9, 1000)


def counted(values: list[float], edges: tuple[float, ...] = EDGES) -> Bins:
    bins = Bins.empty(edges)
    for value in values:
        bins.observe(value)
    return bins


def test_a_value_on_an_edge_lies_below_it() -> None:
    assert counted([10.0, math.nextafter(10.0, 11)]).counts == [0, 0, 1, 1]


@given(st.lists(seconds), st.lists(seconds))
def test_two_added_up_are_what_one_would_have_counted(one: list[float], other: list[float]) -> None:
    whole = counted(one)
    whole.add(counted(other))
    both = counted(one + other)
    assert (whole.counts, whole.native, whole.zeros) == (both.counts, both.native, both.zeros)
    assert math.isclose(whole.total, both.total, abs_tol=1e-9)


@given(st.lists(seconds))
def test_each_native_bucket_holds_what_lies_between_its_bounds(values: list[float]) -> None:
    bins = counted(values)
    assert sum(bins.native.values()) + bins.zeros == bins.count == len(values)
    for index, count in bins.native.items():
        low, high = 2 ** ((index - 1) / 8), 2 ** (index / 8)
        assert sum(low * (1 - 1e-12) < value <= high * (1 + 1e-12) for value in values) >= count


@given(st.lists(seconds))
def test_other_edges_never_move_a_value_down(values: list[float]) -> None:
    whole = Bins.empty((1.0, 10.0))
    whole.add(counted(values, (0.5, 1.0, 5.0, 20.0)))
    assert whole.count == len(values)
    assert whole.counts[0] == sum(value <= 1.0 for value in values)
    assert whole.counts[1] == sum(1.0 < value <= 5.0 for value in values)
