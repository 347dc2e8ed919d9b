import math

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests.errors import JournalError
from loadtests.results import table
from loadtests.results.journal import Attempt
from loadtests.results.measures import Measures, Percentiles, measure, percentiles
from testbed.est_errors import EstError
from tests.loadtests import attempts


def measured(*of: Attempt, intended: int | None = None) -> Measures:
    phones = len({attempt.phone for attempt in of})
    return measure(table.build(of), phones if intended is None else intended, orphans=0)


def test_phones_without_an_attempt_are_dropped() -> None:
    phones = measured(attempts.enrolled(0), attempts.failed(1), intended=5).phones
    assert (phones.intended, phones.enrolled, phones.failed, phones.dropped) == (5, 1, 1, 3)


def test_a_phone_that_enrolls_at_its_second_attempt_is_enrolled() -> None:
    measures = measured(attempts.failed(0), attempts.retry(attempts.enrolled(0, at=30.0), 2))
    assert (measures.phones.enrolled, measures.phones.failed) == (1, 0)
    assert measures.outcomes == {"EST_ERR_NONE": 1}
    assert measures.attempts.outcomes == {"EST_ERR_NONE": 1, "EST_ERR_SSL_READ": 1}


def test_outcomes_are_told_by_est_error_most_frequent_first() -> None:
    measures = measured(
        attempts.enrolled(0),
        attempts.failed(1, error=EstError.AUTH_FAIL),
        attempts.failed(2),
        attempts.failed(3),
    )
    assert list(measures.outcomes.items()) == [
        ("EST_ERR_SSL_READ", 2),
        ("EST_ERR_AUTH_FAIL", 1),
        ("EST_ERR_NONE", 1),
    ]


def test_throughput_is_enrolled_phones_from_the_first_intended_start_to_the_last_end() -> None:
    measures = measured(attempts.enrolled(0, at=0.0), attempts.failed(1, at=1.0, latency=3.0))
    assert measures.duration_seconds == pytest.approx(4.0)
    assert measures.throughput_per_second == pytest.approx(1 / 4)


def test_latency_leaves_out_attempts_that_failed() -> None:
    measures = measured(attempts.enrolled(0, latency=0.5), attempts.failed(1, latency=10.0))
    assert measures.latency_seconds is not None
    assert measures.latency_seconds.max == pytest.approx(0.5)


def test_start_lag_counts_attempts_that_failed_too() -> None:
    measures = measured(attempts.enrolled(0, lag=0.001), attempts.failed(1))
    assert measures.start_lag_seconds is not None


def test_a_run_where_nothing_enrolled_has_no_times() -> None:
    measures = measured(attempts.failed(0))
    assert measures.latency_seconds is None
    assert measures.service_time_seconds is None
    assert measures.stage_seconds.wait is None


def test_an_empty_run_has_zero_throughput_and_drops_every_phone() -> None:
    measures = measured(intended=500)
    assert measures.throughput_per_second == 0.0
    assert measures.phones.dropped == 500
    assert measures.outcomes == {}


def test_each_stage_is_told_from_the_others() -> None:
    stages = measured(attempts.enrolled(0, latency=1.001, lag=0.001)).stage_seconds
    assert stages.wait is not None
    assert stages.wait.max == pytest.approx(0.8)
    assert stages.tls is not None
    assert stages.tls.max == pytest.approx(0.12)


def test_more_phones_than_intended_are_refused_not_hidden() -> None:
    with pytest.raises(JournalError, match="2 phones have attempts on record but 1 were intended"):
        measured(attempts.enrolled(0), attempts.enrolled(1), intended=1)


def test_percentiles_are_nearest_rank() -> None:
    assert percentiles(pl.Series(range(1, 101), dtype=pl.Float64)) == Percentiles(50.0, 95.0, 99.0, 100.0)


def test_percentiles_of_one_value_are_that_value() -> None:
    assert percentiles(pl.Series([0.25])) == Percentiles(0.25, 0.25, 0.25, 0.25)


def test_percentiles_of_nulls_only_are_unknown() -> None:
    assert percentiles(pl.Series([None, None], dtype=pl.Float64)) is None


@given(st.lists(st.floats(0, 1e6), min_size=1))
def test_a_percentile_is_the_smallest_value_that_enough_values_do_not_exceed(values: list[float]) -> None:
    found = percentiles(pl.Series(values, dtype=pl.Float64))
    assert found is not None
    for percent, value in ((50, found.p50), (95, found.p95), (99, found.p99), (100, found.max)):
        enough = math.ceil(len(values) * percent / 100)
        assert value in values
        assert sum(each <= value for each in values) >= enough
        assert sum(each < value for each in values) < enough


@given(st.lists(st.tuples(st.integers(0, 9), st.booleans(), st.floats(0, 100)), max_size=40))
def test_phones_always_add_up(events: list[tuple[int, bool, float]]) -> None:
    tried = [attempts.enrolled(i, at=at) if good else attempts.failed(i, at=at) for i, good, at in events]
    measures = measured(*tried, intended=10)
    phones = measures.phones
    assert phones.enrolled + phones.failed + phones.dropped == phones.intended
    assert sum(measures.outcomes.values()) == phones.enrolled + phones.failed
    assert measures.outcomes.get("EST_ERR_NONE", 0) == phones.enrolled
    assert sum(measures.attempts.outcomes.values()) == measures.attempts.total == len(events)
