from collections.abc import Sequence

import pytest

from loadtests.simulation.clockwork import Clockwork
from loadtests.simulation.station import Station


class Customers:
    """Enter a station all at once, each for a time of its own; `left` says who left when."""

    def __init__(self, servers: int, seconds: list[float], unwilling: Sequence[int] = ()) -> None:
        self.clock = Clockwork()
        self.station = Station(self.clock, servers)
        self.left: list[tuple[int, float]] = []
        for number, each in enumerate(seconds):
            self.enter(number, each, number in unwilling)
        self.clock.run()

    def enter(self, number: int, seconds: float, unwilling: bool) -> None:
        def take() -> bool:
            if unwilling:
                return False
            self.clock.after(seconds, leave)
            return True

        def leave() -> None:
            self.left.append((number, self.clock.now))
            self.station.leave()

        self.station.enter(take)


def test_one_server_serves_one_after_the_other_in_order_of_arrival() -> None:
    assert Customers(1, [3, 1, 2]).left == [(0, 3), (1, 4), (2, 6)]


def test_two_servers_serve_two_at_once() -> None:
    assert Customers(2, [3, 1, 2]).left == [(1, 1), (0, 3), (2, 3)]


def test_a_station_without_bound_serves_all_at_once() -> None:
    assert Customers(0, [3, 1, 2]).left == [(1, 1), (2, 2), (0, 3)]


def test_who_does_not_want_a_server_any_more_leaves_it_to_the_next() -> None:
    assert Customers(1, [3, 1, 2], unwilling=(0, 1)).left == [(2, 2)]


def test_the_time_that_servers_were_held_adds_up() -> None:
    customers = Customers(2, [3, 1, 2])
    assert customers.station.held_seconds() == pytest.approx(6)
    assert customers.station.busy == 0


def test_the_longest_queue_is_remembered() -> None:
    assert Customers(1, [1, 1, 1, 1]).station.longest == 3
