"""Offered rates against closed forms."""

import math

import numpy as np
import pytest

from loadtests.scaling.network import Part, Shell, Station
from loadtests.scaling.stream import flow, highest_per_second
from tests.loadtests.simulation.test_forecast import erlang_c

MEAN = 0.1


@pytest.mark.parametrize(("servers", "rate"), [(1, 7.0), (4, 30.0), (8, 70.0), (100, 950.0)])
def test_exponential_times_wait_as_in_m_m_c(servers: int, rate: float) -> None:
    found = flow([Station("workers", MEAN, servers)], rate)
    assert found is not None
    waits = erlang_c(servers, rate * MEAN)
    assert found.waiting_share == pytest.approx(waits)
    assert found.wait_seconds == pytest.approx(waits * MEAN / (servers - rate * MEAN))
    assert found.held_seconds == pytest.approx(MEAN)


@pytest.mark.parametrize("rate", [1.0, 5.0, 9.5])
def test_constant_times_at_one_server_wait_as_in_m_d_1(rate: float) -> None:
    found = flow([Station("signing", MEAN, 1, 0.0)], rate)
    load = rate * MEAN
    assert found is not None
    assert found.wait_seconds == pytest.approx(load * MEAN / (2 * (1 - load)))


@pytest.mark.parametrize(("servers", "rate"), [(2, 16.0), (4, 36.0), (8, 72.0)])
def test_constant_times_at_many_servers_wait_nearly_as_in_m_d_c(servers: int, rate: float) -> None:
    """Cosmetatos' formula, which is within 1 % of M/D/c at such loads."""
    load = rate * MEAN / servers
    more = 1 + (1 - load) * (servers - 1) * (math.sqrt(4 + 5 * servers) - 2) / (16 * load * servers)
    exponential = erlang_c(servers, rate * MEAN) * MEAN / (servers - rate * MEAN)
    found = flow([Station("workers", MEAN, servers, 0.0)], rate)
    assert found is not None
    assert found.wait_seconds == pytest.approx(exponential / 2 * more, rel=0.05)


def test_even_arrivals_of_constant_services_do_not_wait() -> None:
    found = flow([Station("signing", MEAN, 1, 0.0)], 9.0, arrival_scv=0.0)
    assert found is not None
    assert found.wait_seconds == 0


def test_the_99th_percentile_is_m_m_1_s() -> None:
    source = np.random.default_rng(1)
    found = flow([Station("worker", MEAN, 1)], 7.0)
    assert found is not None
    exact = MEAN / (1 - 0.7) * math.log(100)
    alone = source.exponential(MEAN, 200_000)
    assert found.percentile_seconds(0.99, alone) == pytest.approx(exact, rel=0.02)


def test_where_none_waits_percentiles_are_those_of_single_enrollments() -> None:
    found = flow([Station("network", 0.2)], 50.0)
    assert found is not None
    assert found.percentile_seconds(0.5, np.array([0.1, 0.2, 0.3])) == pytest.approx(0.2)


def test_a_rate_that_a_part_cannot_keep_up_with_has_no_latency() -> None:
    assert flow([Station("worker", MEAN, 1)], 10.0) is None


def test_the_highest_rate_is_that_of_the_slowest_part() -> None:
    parts: list[Part] = [
        Station("network", 5.0),
        Station("cpu", 0.01, 1),
        Shell("workers", 5, (Station("ca", 0.1), Station("signing", 0.04, 1))),
    ]
    assert highest_per_second(parts) < 1 / 0.04
    assert highest_per_second(parts[:2]) == pytest.approx(100)
    assert highest_per_second(parts[:1]) == math.inf
