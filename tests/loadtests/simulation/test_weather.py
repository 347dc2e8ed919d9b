"""Outages, slow times and the timers for connections to the simulated CA."""

import pytest

from loadtests.simulation.forecast import simulate
from loadtests.simulation.ledger import Outcome
from loadtests.simulation.settings import ChainModel, Outage, Overheads, Slowness
from testbed.ca.capacity_settings import CapacitySettings, ConstantTime
from testbed.ra.certsrv.settings import RaConnections, RaResolver, RaRetries, RaTimers
from testbed.ra.settings import RaSettings
from tests.loadtests.simulation.chains import POOLED, evenly, outcomes, seconds


def test_who_hangs_when_an_outage_ends_is_reset_at_its_end() -> None:
    forecast = simulate(ChainModel(outages=(Outage(0, 4),)), iter([0.0, 1.0]))
    assert outcomes(forecast) == [Outcome.FAILED_LOGIN] * 2
    assert seconds(forecast) == [4, 3]
    assert sum(forecast.timeouts.values()) == 0


def test_a_connection_that_has_answered_before_is_replaced_once_and_the_request_made_again() -> None:
    ra = RaSettings(connections=RaConnections(handles="one"))
    capacity = CapacitySettings(login=ConstantTime(1))
    forecast = simulate(ChainModel(capacity, ra, outages=(Outage(0.5, 4),)), iter([0.0]))
    assert outcomes(forecast) == [Outcome.ENROLLED]
    assert seconds(forecast) == [4]


def test_the_ras_timer_ends_a_call_in_a_long_outage() -> None:
    forecast = simulate(ChainModel(outages=(Outage(0, 60),), read_timeout_seconds=20), iter([0.0]))
    assert seconds(forecast) == [10]
    assert forecast.timeouts["login"] == 1
    assert forecast.false_timeouts["login"] == 0


def test_a_frozen_ca_keeps_who_connects_waiting_as_long_as_the_timer_for_connecting() -> None:
    model = ChainModel(
        ra=RaSettings(timers=RaTimers(connect_seconds=3)), outages=(Outage(0, 5, "freeze"),),
        read_timeout_seconds=20,
    )  # fmt: skip
    forecast = simulate(model, iter([0.0, 2.5]))
    assert outcomes(forecast) == [Outcome.FAILED_LOGIN, Outcome.ENROLLED]
    assert seconds(forecast) == [3, 2.5]
    assert forecast.unconnected == 1


def test_a_frozen_ca_goes_on_with_what_it_was_at() -> None:
    model = ChainModel(CapacitySettings(submit=ConstantTime(2)), outages=(Outage(1, 6, "freeze"),))
    assert seconds(simulate(model, iter([0.0]))) == [6]


def test_a_name_that_gets_no_answer_fails_by_the_resolvers_timer() -> None:
    model = ChainModel(
        ra=RaSettings(resolver=RaResolver(seconds=2)), outages=(Outage(0, 1, "unresolved"),)
    )  # fmt: skip
    forecast = simulate(model, iter([0.0, 1.0]))
    assert outcomes(forecast) == [Outcome.FAILED_LOGIN, Outcome.ENROLLED]
    assert seconds(forecast) == [2, 0]


def test_the_resolvers_timer_is_bounded_by_the_one_for_connecting() -> None:
    ra = RaSettings(resolver=RaResolver(seconds=5), timers=RaTimers(connect_seconds=1))
    forecast = simulate(ChainModel(ra=ra, outages=(Outage(0, 9, "unresolved"),)), iter([0.0]))
    assert seconds(forecast) == [1]


def test_every_login_connects_anew_unless_connections_are_kept() -> None:
    overheads = Overheads(connect=ConstantTime(0.2), resolve=ConstantTime(0.1))
    fresh = simulate(ChainModel(overheads=overheads), evenly(0.1, 2))
    assert seconds(fresh) == pytest.approx([0.6, 0.6])
    kept = simulate(ChainModel(ra=RaSettings(connections=POOLED), overheads=overheads), evenly(0.1, 2))
    assert seconds(kept) == pytest.approx([0.3, 0])


def test_connecting_may_be_slow_for_a_while() -> None:
    slow = Slowness(0, 5, 100, "connect")
    overheads = Overheads(connect=ConstantTime(0.2))
    forecast = simulate(
        ChainModel(overheads=overheads, slowness=(slow,), read_timeout_seconds=60), iter([0.0, 6.0])
    )
    assert outcomes(forecast) == [Outcome.FAILED_LOGIN, Outcome.ENROLLED]
    assert seconds(forecast) == pytest.approx([10, 0.4])


def test_slowness_without_a_stage_leaves_connecting_alone() -> None:
    overheads = Overheads(connect=ConstantTime(0.2))
    capacity = CapacitySettings(submit=ConstantTime(0.1))
    model = ChainModel(capacity, overheads=overheads, slowness=(Slowness(0, 5, 10),))
    assert seconds(simulate(model, iter([0.0]))) == pytest.approx([0.4 + 1.0])


def test_a_call_that_could_not_connect_is_made_again_where_the_settings_say_so() -> None:
    ra = RaSettings(
        timers=RaTimers(connect_seconds=1), retries=RaRetries(count=1, spacing_seconds=0.5, stages=("login",))
    )
    forecast = simulate(ChainModel(ra=ra, outages=(Outage(0, 1.2, "freeze"),)), iter([0.0]))
    assert outcomes(forecast) == [Outcome.ENROLLED]
    assert seconds(forecast) == [1.5]
