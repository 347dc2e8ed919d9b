import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from loadtests.report.grid import Grid, grid_of
from loadtests.report.states import STATES, phones_by_state
from loadtests.results import table
from tests.loadtests import attempts
from tests.loadtests.attempts import START


def states(built: pl.DataFrame, seconds: int, phones: int) -> dict[str, list[int]]:
    return phones_by_state(built, Grid(START, seconds, 1.0), phones).to_dict(as_series=False)


def test_a_phone_waits_is_under_way_and_has_its_certificate() -> None:
    built = table.build([attempts.enrolled(0, at=1.5, latency=2.0)])
    found = states(built, 5, 1)
    assert found["waiting"] == [1, 0, 0, 0, 0]
    assert found["under_way"] == [0, 1, 1, 0, 0]
    assert found["enrolled"] == [0, 0, 0, 1, 1]


def test_a_phone_that_will_try_again_is_between_its_tries() -> None:
    second = attempts.retry(attempts.enrolled(0, at=3.5, latency=0.1), 2)
    found = states(table.build([attempts.failed(0, at=0.5, latency=0.2), second]), 5, 1)
    assert found["between_tries"] == [1, 1, 1, 0, 0]
    assert found["enrolled"] == [0, 0, 0, 1, 1]
    assert found["failed"] == [0] * 5


def test_a_phone_out_of_tries_has_failed_and_one_that_never_started_waits() -> None:
    found = states(table.build([attempts.failed(0, at=0.5, latency=0.2)]), 2, 3)
    assert found["failed"] == [1, 1]
    assert found["waiting"] == [2, 2]


@settings(max_examples=40)
@given(
    st.lists(st.tuples(st.integers(0, 9), st.floats(0, 30), st.floats(0.01, 5), st.booleans()), min_size=1)
)
def test_the_states_add_up_to_the_fleet_when_each_phone_tries_once(
    tries: list[tuple[int, float, float, bool]],
) -> None:
    of_phone = {phone: (at, latency, good) for phone, at, latency, good in tries}
    built = table.build(
        (attempts.enrolled if good else attempts.failed)(phone, at=at, latency=latency)
        for phone, (at, latency, good) in of_phone.items()
    )
    totals = phones_by_state(built, grid_of(built), 10).select(pl.sum_horizontal(STATES)).to_series()
    assert set(totals.to_list()) == {10}
