import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests.arrivals.rates import Steady
from loadtests.arrivals.schedule import Shard, arrivals_of


def test_a_steady_rate_starts_one_phone_each_interval_and_the_first_at_once() -> None:
    assert list(Steady(4).offsets_seconds(5)) == [0.0, 0.25, 0.5, 0.75, 1.0]


def test_a_steady_rate_does_not_drift() -> None:
    assert list(Steady(3).offsets_seconds(300_001))[-1] == 100_000.0


@given(phones=st.integers(0, 200), count=st.integers(1, 9))
def test_shards_divide_a_fleet_without_gap_or_overlap(phones: int, count: int) -> None:
    shards = [list(Shard(number, count).of(range(phones))) for number in range(count)]
    assert sorted(index for shard in shards for index in shard) == list(range(phones))
    assert [len(shard) for shard in shards] == [Shard(n, count).size(phones) for n in range(count)]


def test_a_shards_arrivals_keep_the_whole_fleets_times() -> None:
    arrivals = list(arrivals_of(Shard(1, 2), Steady(10), 6))
    assert [arrival.index for arrival in arrivals] == [1, 3, 5]
    assert [arrival.offset_seconds for arrival in arrivals] == pytest.approx([0.1, 0.3, 0.5])
