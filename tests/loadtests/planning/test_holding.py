"""The largest batch of a chain whose limit is plain arithmetic."""

import pytest

from loadtests.planning.batches import Batches
from loadtests.planning.goal import Backlog, Goal, plannable
from loadtests.planning.holding import largest_batch
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
    assert found == pytest.approx(largest, abs=1)


def test_no_batch_holds_a_rule_that_one_phone_breaks() -> None:
    assert largest_batch(two_workers(), Batches(400, 50, 60.0, 0.0), NEVER, seed=1) == 0


def test_a_backlog_that_doubles_from_the_middle_to_the_end_grows() -> None:
    assert Backlog(middle=10, last=20, batch=4).grows
    assert not Backlog(middle=10, last=14, batch=4).grows


def test_rules_about_errors_by_name_rates_and_the_generator_are_left_out() -> None:
    rules = [
        "enrolled_share >= 99%", "failed_share{EST_ERR_SSL_READ} <= 1%", "throughput_per_second >= 3/s",
        "start_lag_p99_seconds <= 5ms", "latency_p99_seconds <= 5s", "orphans == 0", "enrolled >= 100",
    ]  # fmt: skip
    kept, left_out = plannable(parse_all(rules))
    assert [rule.text for rule in kept] == [rules[0], rules[4], rules[5]]
    assert [rule.text for rule in left_out] == [rules[1], rules[2], rules[3], rules[6]]
