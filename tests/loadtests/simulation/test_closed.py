import polars as pl
import pytest

from loadtests.phones.settings import RetrySettings
from loadtests.simulation.closed import simulate_closed
from loadtests.simulation.settings import ChainModel
from testbed.ca.capacity_settings import CapacitySettings, ConstantTime
from tests.loadtests.simulation.chains import blocking_ra

STEADY = CapacitySettings(submit=ConstantTime(0.1))


def test_so_many_phones_are_under_way_until_none_are_left() -> None:
    forecast = simulate_closed(ChainModel(STEADY, blocking_ra(4)), 2, 10)
    starts = forecast.tries.sort("started", "phone")["started"].to_list()
    assert starts == pytest.approx([n // 2 * 0.1 for n in range(10)])
    assert forecast.enrolled == 10


@pytest.mark.parametrize(("at_once", "rate"), [(1, 10), (3, 30), (4, 40), (40, 40)])
def test_throughput_grows_with_the_phones_up_to_the_workers(at_once: int, rate: float) -> None:
    forecast = simulate_closed(ChainModel(STEADY, blocking_ra(4), read_timeout_seconds=60), at_once, 400)
    assert forecast.enrolled / forecast.seconds == pytest.approx(rate, rel=0.02)


def test_a_phone_that_tries_again_keeps_its_place() -> None:
    retry = RetrySettings(attempts=2, spacing_seconds=5)
    model = ChainModel(STEADY, blocking_ra(4), read_timeout_seconds=0.05, retry=retry)
    tries = simulate_closed(model, 1, 3).tries
    assert tries.group_by("phone").len().select(pl.col("len").unique())["len"].to_list() == [2]
    assert tries["phone"].to_list() == [0, 0, 1, 1, 2, 2]


def test_fewer_phones_than_places_all_start_at_once() -> None:
    forecast = simulate_closed(ChainModel(STEADY, blocking_ra(4)), 10, 3)
    assert forecast.tries["started"].to_list() == [0.0] * 3
