"""Closed networks against what is known exactly."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests.scaling.network import MOST_CUSTOMERS, Part, Shell, Station, closed

THINKING = Station("phones", 1.0)


def repairman(customers: int, servers: int, seconds: float) -> float:
    """Throughput of `customers` that think for a second and queue for `servers` (M/M/c//N)."""
    weights = [1.0]
    for busy in range(1, customers + 1):
        weights.append(weights[-1] * (customers - busy + 1) * seconds / min(busy, servers))
    served = sum(min(n, servers) * weight for n, weight in enumerate(weights))
    return served / sum(weights) / seconds


@pytest.mark.parametrize(("customers", "servers"), [(1, 1), (30, 1), (30, 4), (300, 40), (500, 100)])
def test_exponential_servers_are_the_machine_repairman_s(customers: int, servers: int) -> None:
    found = closed([THINKING, Station("repair", 0.1, servers)], customers)
    assert found.per_second[-1] == pytest.approx(repairman(customers, servers, 0.1), rel=1e-9)
    half = (customers + 1) // 2
    assert found.per_second[half - 1] == pytest.approx(repairman(half, servers, 0.1), rel=1e-9)


def test_as_many_customers_as_servers_never_wait() -> None:
    found = closed([Station("a", 0.1, 4, scv=9.0)], 8)
    assert found.per_second == pytest.approx([10, 20, 30, 40, 40, 40, 40, 40])


def test_places_of_a_shell_bound_who_is_inside() -> None:
    found = closed([Shell("workers", 5, (Station("call", 0.1),))], 64)
    assert found.per_second[:6] == pytest.approx([10, 20, 30, 40, 50, 50])
    assert found.seconds(64) == pytest.approx(64 / 50)


def test_a_shell_around_an_exponential_server_is_that_server_once_it_is_full() -> None:
    inside = (Station("call", 0.05), Station("signing", 0.1, 1))
    shell = closed([Shell("workers", 6, inside)], 100).per_second
    assert shell[5] == pytest.approx(closed(inside, 6).per_second[5])
    assert shell[99] == pytest.approx(shell[5])


def test_a_shell_with_room_for_all_is_not_there() -> None:
    inside = (Station("call", 0.05), Station("signing", 0.1, 1))
    shell = closed([THINKING, Shell("workers", 20, inside)], 20).per_second
    assert shell == pytest.approx(closed([THINKING, *inside], 20).per_second, rel=1e-9)


def test_who_waits_for_steady_services_waits_less() -> None:
    steady, wild = (
        closed([THINKING, Station("signing", 0.1, 1, scv)], 9).per_second[-1] for scv in (0.0, 4.0)
    )
    exponential = repairman(9, 1, 0.1)
    assert wild < exponential < steady < 9 / 1.1


def test_constant_times_of_one_server_come_near_to_what_they_really_are() -> None:
    """Two customers, thinking and service constant: the second waits what the first has left, once only."""
    found = closed([THINKING, Station("signing", 0.1, 1, 0.0)], 2).per_second[-1]
    assert found == pytest.approx(2 / 1.1, rel=0.01)


@given(
    st.lists(st.tuples(st.floats(1e-4, 10), st.integers(0, 30), st.floats(0, 5)), min_size=1, max_size=5),
    st.integers(1, 80),
)
def test_throughput_stays_within_its_bounds_and_never_falls(
    given_parts: list[tuple[float, int, float]], customers: int
) -> None:
    parts = [Station(str(n), *each) for n, each in enumerate(given_parts)]
    found = closed(parts, customers).per_second
    alone = sum(part.seconds for part in parts)
    highest = min((part.servers / part.seconds for part in parts if part.servers), default=np.inf)
    counts = np.arange(1, customers + 1)
    assert (found <= np.minimum(counts / alone, highest) * (1 + 1e-9)).all()
    assert (np.diff(found) >= -1e-9 * found[1:]).all()


def test_as_many_customers_as_are_promised_can_be_solved() -> None:
    parts: list[Part] = [
        Station("network", 30.0),
        Station("cpu", 1e-4, 1),
        Shell("workers", 64, (Station("ca", 0.01, 32),)),
    ]
    found = closed(parts, MOST_CUSTOMERS).per_second
    assert np.isfinite(found).all()
    assert found[-1] == pytest.approx(MOST_CUSTOMERS / 30.0101, rel=0.01)
