"""A stretch of a storm in numbers."""

import pytest

from loadtests.experiments.window import Window, is_whole, since
from testbed.est_errors import EstError
from tests.loadtests.attempts import START, enrolled, failed, storm


def test_shares_are_of_all_attempts() -> None:
    window = Window([enrolled(0), enrolled(1), failed(2), failed(3, error=EstError.AUTH_FAIL)])
    assert window.enrolled_share == 0.5
    assert window.timeout_share == 0.25


def test_the_latency_is_of_those_that_enrolled_from_their_intended_start() -> None:
    window = Window([enrolled(0, latency=0.1), enrolled(1, latency=0.3, lag=0.2), failed(2, latency=9)])
    assert window.latency_p99_seconds == pytest.approx(0.3)


def test_nobody_enrolled_is_no_latency_and_no_throughput() -> None:
    assert Window([failed(0)]).latency_p99_seconds is None
    assert Window([failed(0)]).throughput_per_second == 0.0


def test_an_empty_stretch_has_no_shares() -> None:
    assert (Window([]).enrolled_share, Window([]).timeout_share) == (0.0, 0.0)


def test_the_throughput_is_from_the_first_intended_start_to_the_last_end() -> None:
    window = Window([enrolled(0, at=0), enrolled(1, at=1, latency=1.0), failed(2, at=0.5, latency=3.5)])
    assert window.throughput_per_second == pytest.approx(2 / 4.0)


def test_a_stretch_begins_at_a_moment() -> None:
    attempts = [enrolled(0, at=0), enrolled(1, at=1), enrolled(2, at=2)]
    assert [each.index for each in since(attempts, START + 1).attempts] == [1, 2]


def test_it_is_whole_when_so_many_have_ended_and_none_between_is_under_way() -> None:
    attempts = list(storm(20))
    assert is_whole(attempts, 20)
    assert not is_whole(attempts, 21)
    assert not is_whole([each for each in attempts if each.index != 7], 10)
    assert is_whole([each for each in attempts if each.index > 7], 10)
    assert not is_whole([], 1)
