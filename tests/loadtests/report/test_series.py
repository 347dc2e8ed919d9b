import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loadtests.report.grid import MAX_BINS
from loadtests.report.series import PARTS_OF_LATENCY, Distribution, Timeline, distribution, timeline
from loadtests.results import table
from loadtests.results.measures import measure
from tests.loadtests import attempts


def over_time(built: pl.DataFrame) -> Timeline:
    found = timeline(built)
    assert found is not None
    return found


def spread(built: pl.DataFrame) -> Distribution:
    found = distribution(built)
    assert found is not None
    return found


def test_an_empty_run_has_no_series() -> None:
    assert timeline(table.build(())) is None
    assert distribution(table.build(())) is None


def test_a_run_where_nothing_enrolled_has_no_distribution() -> None:
    assert distribution(table.build([attempts.failed()])) is None


def test_bins_are_a_second_wide_in_a_run_of_a_minute() -> None:
    built = table.build(attempts.enrolled(index, at=index / 25) for index in range(1500))
    found = over_time(built)
    assert found.width_seconds == pytest.approx(1.0, rel=0.01)
    assert found.bins["intended"].to_list() == pytest.approx([25.0] * 60, abs=1.1)


@pytest.mark.parametrize("span_seconds", [0.0, 0.05, 0.5, 3.0, 59.0, 119.9, 7200.0, 4e6])
def test_bins_are_few_and_cover_the_run_whole(span_seconds: float) -> None:
    built = table.build([attempts.enrolled(0), attempts.enrolled(1, at=span_seconds)])
    found = over_time(built)
    assert found.bins.height <= MAX_BINS
    assert found.bins["end_seconds"][-1] * 1.00001 >= span_seconds + 0.05


def test_latency_is_told_by_when_phones_were_meant_to_start() -> None:
    built = table.build(
        [
            attempts.enrolled(0, at=0.0, latency=8.0),
            *(attempts.enrolled(i, at=9.0, latency=0.1) for i in (1, 2)),
        ]
    )
    percentiles = over_time(built).bins["p99"]
    assert percentiles[0] == pytest.approx(8.0)
    assert percentiles.drop_nulls().len() == 2


def test_a_moment_when_nothing_enrolled_has_no_latency_instead_of_zero() -> None:
    built = table.build(
        [attempts.enrolled(0, at=0.0), attempts.failed(1, at=5.0), attempts.enrolled(2, at=10.0)]
    )
    bins = over_time(built).bins
    assert bins.filter(pl.col("failed") > 0)["p50"].to_list() == [None]


def test_parts_add_up_to_the_mean_latency() -> None:
    built = table.build(attempts.enrolled(index, at=index / 5, latency=0.5, lag=0.2) for index in range(50))
    bins = over_time(built).bins
    totals = bins.select(pl.sum_horizontal(PARTS_OF_LATENCY)).to_series().drop_nulls()
    assert totals.to_list() == pytest.approx([0.5] * totals.len(), rel=1e-3)
    assert bins["start_lag"].drop_nulls().to_list() == pytest.approx([0.2] * totals.len(), rel=1e-3)


def test_percentiles_over_time_are_those_of_the_summary() -> None:
    built = table.build(
        attempts.enrolled(index, latency=0.01 * (index + 1), lag=0.0) for index in range(9)
    ).with_columns(done=pl.col("intended_start") + 0.05)
    row, latency = over_time(built).bins.row(0, named=True), measure(built, 9, 0).latency_seconds
    assert latency is not None
    assert (row["p50"], row["p95"], row["p99"]) == pytest.approx((latency.p50, latency.p95, latency.p99))


@settings(max_examples=50)
@given(st.lists(st.tuples(st.booleans(), st.floats(0, 1000), st.floats(0.002, 100)), min_size=1, max_size=50))
def test_no_attempt_is_lost_in_the_bins(events: list[tuple[bool, float, float]]) -> None:
    built = table.build(
        (attempts.enrolled if good else attempts.failed)(index, at=at, latency=latency)
        for index, (good, at, latency) in enumerate(events)
    )
    bins = over_time(built).bins
    good = sum(event[0] for event in events)
    last = bins.row(-1, named=True)
    assert (last["total_intended"], last["total_ended"], last["total_enrolled"]) == (
        len(events),
        len(events),
        good,
    )
    if good:
        assert spread(built).bins["latency"].sum() == pytest.approx(1.0, rel=1e-4)
        assert spread(built).bins["service_time"].sum() == pytest.approx(1.0, rel=1e-4)


def test_latencies_fall_into_bins_that_hold_them() -> None:
    bins = spread(table.build([attempts.enrolled(0, latency=0.25), attempts.enrolled(1, latency=3.0)])).bins
    held = bins.filter(pl.col("latency") > 0)
    for row, seconds in zip(held.iter_rows(named=True), (0.25, 3.0), strict=True):
        assert row["low_seconds"] <= seconds < row["high_seconds"]
        assert row["latency"] == 0.5


def test_a_latency_of_nothing_or_of_days_makes_no_endless_axis() -> None:
    built = table.build([attempts.enrolled(0, latency=0.0, lag=0.0), attempts.enrolled(1, latency=1e9)])
    assert spread(built).bins.height <= 201
