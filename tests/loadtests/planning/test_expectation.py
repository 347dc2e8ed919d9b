"""Intervals hold one more run as often as they promise."""

from loadtests.planning.batches import Batches
from loadtests.planning.expectation import Interval, expect
from loadtests.planning.goal import Goal
from loadtests.planning.replication import replicate
from tests.loadtests.planning.chains import one_thread, two_workers

NO_RULES = Goal(())


def test_one_more_run_lies_in_the_interval_about_as_often_as_promised() -> None:
    batches = Batches(20, 5, 10.0, 1.0)
    runs = list(replicate(one_thread(), batches, NO_RULES, 7, 400))
    inside = 0
    for at in range(0, 400, 20):
        interval = Interval.of([run.duration_seconds for run in runs[at : at + 19]])
        inside += interval.holds(runs[at + 19].duration_seconds)
    # Of 20 intervals each holds its run with 18 of 20; fewer than 14 happens once in 400 times.
    assert inside >= 14


def test_a_plan_that_the_chain_bears_has_no_trouble() -> None:
    found = expect(list(replicate(two_workers(), Batches(40, 8, 10.0, 0.0), NO_RULES, 1, 5)))
    assert found.duration_seconds == Interval(44.0, 44.0, 44.0)
    assert (found.enrolled.low, found.retries.high, found.orphans.high, found.broken_share) == (40, 0, 0, 0)
    assert found.coverage == 4 / 6


def test_a_batch_too_large_makes_phones_give_up() -> None:
    found = expect(list(replicate(two_workers(), Batches(30, 30, 60.0, 0.0), NO_RULES, 1, 3)))
    assert found.phone_timeouts.low > 0
    assert found.failed.expected == found.phone_timeouts.expected
    assert found.ra_workers_busy_share
    assert found.ra_workers_busy_share.expected > 0.9


def test_the_same_seed_gives_the_same_replications() -> None:
    batches = Batches(20, 5, 10.0, 1.0)
    first, again = (list(replicate(one_thread(), batches, NO_RULES, 3, 2)) for _ in range(2))
    assert first == again
    assert first[0] != first[1]
