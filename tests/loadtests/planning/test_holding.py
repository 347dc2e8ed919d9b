"""The largest batch of a chain whose limit is plain arithmetic."""

import pytest

from loadtests.phones.settings import RetrySettings
from loadtests.planning.batches import Batches
from loadtests.planning.goal import Backlog, Goal, plannable
from loadtests.planning.holding import Held, largest_batch
from loadtests.results.slo import parse_all
from tests.loadtests.planning.chains import two_workers

ALL = Goal(tuple(parse_all(["enrolled_share >= 100%"])))
NEVER = Goal(tuple(parse_all(["latency_p99_seconds <= 10ms"])))


@pytest.mark.parametrize(
    ("spacing_seconds", "largest"),
    [
        (4.0, 8),  # the workers: two a second
        (60.0, 20),  # the phones: who waits ten seconds for a worker gives up
    ],
)
def test_a_batch_is_as_large_as_workers_and_phones_bear(spacing_seconds: float, largest: int) -> None:
    found = largest_batch(two_workers(), Batches(400, 5, spacing_seconds, 0.0), ALL, seed=1)
    assert found.size == pytest.approx(largest, abs=1)
    assert found.limit == "enrolled_share >= 100% broken"


def test_no_batch_holds_a_rule_that_one_phone_breaks() -> None:
    found = largest_batch(two_workers(), Batches(400, 50, 60.0, 0.0), NEVER, seed=1)
    assert found == Held(0, "latency_p99_seconds <= 10ms broken")


def test_a_fleet_that_may_come_all_at_once_has_no_limit() -> None:
    assert largest_batch(two_workers(), Batches(8, 4, 60.0, 0.0), ALL, seed=1) == Held(8, None)


def test_a_backlog_that_doubles_from_the_middle_to_the_end_grows() -> None:
    assert Backlog(middle=10, last=20, batch=4, work={}).why == "a backlog grows"
    assert Backlog(middle=10, last=14, batch=4, work={}).why is None


def test_a_part_with_more_work_than_time_is_overloaded_though_its_phones_give_up_and_leave_no_backlog() -> (
    None
):
    busy = {"RA workers": 1.01, "CA threads": 0.3}
    assert Backlog(middle=10, last=10, batch=4, work=busy).why == "RA workers overloaded"
    assert Backlog(middle=10, last=10, batch=4, work={"RA workers": 0.99}).why is None


def test_more_than_workers_get_done_is_seen_before_any_phone_fails() -> None:
    hardy = two_workers(retry=RetrySettings(attempts=9, spacing_seconds=25.0))
    found = largest_batch(hardy, Batches(9000, 20, 10.0, 1.0), Goal(()), seed=1)
    assert found == Held(20, "RA workers overloaded")


def test_rules_about_errors_by_name_rates_and_the_generator_are_left_out() -> None:
    rules = [
        "enrolled_share >= 99%", "failed_share{EST_ERR_SSL_READ} <= 1%", "throughput_per_second >= 3/s",
        "start_lag_p99_seconds <= 5ms", "latency_p99_seconds <= 5s", "orphans == 0", "enrolled >= 100",
    ]  # fmt: skip
    kept, left_out = plannable(parse_all(rules))
    assert [rule.text for rule in kept] == [rules[0], rules[4], rules[5]]
    assert [rule.text for rule in left_out] == [rules[1], rules[2], rules[3], rules[6]]
