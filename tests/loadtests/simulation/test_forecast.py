"""The simulated chain against theory, and against what must hold for any chain."""

import math
from typing import get_args

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loadtests.phones.settings import RetrySettings
from loadtests.simulation.forecast import Forecast, simulate
from loadtests.simulation.ledger import Outcome
from loadtests.simulation.settings import Balancing, ChainModel, Outage, Overheads, Slowness
from testbed.ca.capacity_settings import CapacitySettings, ConstantTime, ExponentialTime, LognormalTime
from testbed.ra.capacity_settings import RaWorkers
from testbed.ra.certsrv.settings import RaConnections, RaRetries, RaTimers
from testbed.ra.settings import RaSettings
from tests.loadtests.simulation.chains import PATIENT, POOLED, blocking_ra, evenly, poisson, seconds

pytestmark = pytest.mark.long


def mean_wait(forecast: Forecast, service_seconds: float) -> float:
    tries = forecast.tries
    mean = (tries["ended"] - tries["started"]).mean()
    assert isinstance(mean, float)
    return mean - service_seconds


def erlang_c(servers: int, load: float) -> float:
    """The share that waits in M/M/c."""
    terms = [load**k / math.factorial(k) for k in range(servers)]
    last = load**servers / math.factorial(servers) * servers / (servers - load)
    return last / (sum(terms) + last)


@pytest.mark.parametrize(("workers", "rate"), [(1, 7.0), (4, 30.0), (8, 70.0)])
def test_phones_wait_for_blocking_workers_as_in_m_m_c(workers: int, rate: float) -> None:
    mean, waits = 0.1, []
    for seed in range(3):
        model = ChainModel(
            CapacitySettings(submit=ExponentialTime(mean)),
            blocking_ra(workers),
            read_timeout_seconds=3600,
            seed=seed,
        )
        waits.append(mean_wait(simulate(model, poisson(rate, 20_000, seed)), mean))
    expected = erlang_c(workers, rate * mean) * mean / (workers - rate * mean)
    assert sum(waits) / len(waits) == pytest.approx(expected, rel=0.12)


def test_one_signing_device_with_constant_time_waits_as_m_d_1_does() -> None:
    mean, rate, waits = 0.1, 7.0, []
    for seed in range(3):
        model = ChainModel(
            CapacitySettings(signing=ConstantTime(mean)),
            RaSettings(connections=POOLED),
            read_timeout_seconds=3600,
            seed=seed,
        )
        waits.append(mean_wait(simulate(model, poisson(rate, 20_000, seed)), mean))
    load = rate * mean
    assert sum(waits) / len(waits) == pytest.approx(load * mean / (2 * (1 - load)), rel=0.1)


def test_an_idle_chain_takes_the_sum_of_its_steps() -> None:
    capacity = CapacitySettings(
        login=ConstantTime(0.1), form=ConstantTime(0.2), submit=ConstantTime(0.3), download=ConstantTime(0.4)
    )
    overheads = Overheads(phone=ConstantTime(0.01), call=ConstantTime(0.001), ra_cpu_seconds=0.005)
    forecast = simulate(ChainModel(capacity, overheads=overheads), evenly(0.1, 5))
    assert forecast.latency_seconds(1) == pytest.approx(2 * 0.1 + 0.2 + 0.3 + 0.4 + 0.01 + 5 * 0.001 + 0.005)
    assert forecast.enrolled == 5


def test_a_pooled_connection_saves_all_logins_but_the_first() -> None:
    capacity = CapacitySettings(login=ConstantTime(1), submit=ConstantTime(0.5))
    forecast = simulate(ChainModel(capacity, RaSettings(connections=POOLED)), evenly(0.1, 3))
    assert seconds(forecast) == pytest.approx([1.5, 0.5, 0.5])


def test_a_ca_slower_than_the_ras_timer_makes_orphans() -> None:
    """CSCvo58656: 12 s at the CA, 10 s at the RA."""
    forecast = simulate(
        ChainModel(CapacitySettings(submit=ConstantTime(12)), read_timeout_seconds=30), evenly(1, 4)
    )
    assert forecast.tries["outcome"].to_list() == [Outcome.FAILED_SUBMIT] * 4
    assert forecast.timeouts["submit"] == forecast.false_timeouts["submit"] == 4
    assert forecast.certificates.orphaned == forecast.certificates.issued == 4


def test_timers_raised_on_one_side_alone_do_not_help() -> None:
    capacity = CapacitySettings(submit=ConstantTime(12))
    forecast = simulate(
        ChainModel(capacity, RaSettings(timers=PATIENT), read_timeout_seconds=10), evenly(1, 4)
    )
    assert forecast.tries["outcome"].to_list() == [Outcome.TIMED_OUT] * 4
    assert forecast.false_timeouts["phone"] == forecast.certificates.orphaned == 4


def test_a_late_certificate_is_handed_out_to_the_phone_that_comes_again() -> None:
    """CSCvf83629, with the cure: the second try gets what the first did not wait for."""
    ra = RaSettings(timers=PATIENT, hand_out_late_certificates=True)
    retry = RetrySettings(attempts=2, spacing_seconds=5)
    model = ChainModel(CapacitySettings(submit=ConstantTime(4)), ra, read_timeout_seconds=2, retry=retry)
    forecast = simulate(model, evenly(1, 4))
    assert forecast.enrolled == forecast.certificates.handed_out_late == forecast.certificates.issued == 4


def test_a_total_timer_ends_what_each_call_alone_would_not() -> None:
    timers = RaTimers(total_seconds=3)
    capacity = CapacitySettings(login=ConstantTime(2), form=ConstantTime(2))
    forecast = simulate(ChainModel(capacity, RaSettings(timers=timers)), evenly(1, 1))
    assert forecast.tries["outcome"].to_list() == [Outcome.FAILED_FORM]
    assert forecast.tries["ended"].to_list() == [3]


def test_the_ra_tries_again_what_failed() -> None:
    retries = RaRetries(count=1, spacing_seconds=2)
    outage = Outage(0, 1, "refuse")
    forecast = simulate(ChainModel(ra=RaSettings(retries=retries), outages=(outage,)), evenly(1, 1))
    assert forecast.enrolled == 1
    assert forecast.latency_seconds(1) == 2


def test_an_outage_hangs_whoever_comes_in_it_and_nobody_after_it() -> None:
    forecast = simulate(ChainModel(outages=(Outage(2, 4),)), evenly(1, 6))
    outcomes = dict(zip(forecast.tries["phone"], forecast.tries["outcome"], strict=True))
    timed_out = {phone for phone, outcome in outcomes.items() if outcome != Outcome.ENROLLED}
    assert timed_out == {2, 3}


def test_a_slow_time_is_slow_and_ends() -> None:
    model = ChainModel(CapacitySettings(submit=ConstantTime(0.1)), slowness=(Slowness(2, 4, 5, "submit"),))
    tries = simulate(model, evenly(1, 6)).tries.sort("phone")
    assert (tries["ended"] - tries["started"]).to_list() == pytest.approx([0.1, 0.1, 0.5, 0.5, 0.1, 0.1])


def test_a_full_page_queue_turns_requests_away() -> None:
    capacity = CapacitySettings(workers=1, kernel_queue=2, submit=ConstantTime(5))
    forecast = simulate(ChainModel(capacity, RaSettings(connections=POOLED)), iter([0.0] * 10))
    assert forecast.ca_turned_away > 0
    assert Outcome.FAILED_FORM in forecast.tries["outcome"].to_list()


def test_a_page_that_outlasts_its_script_timer_fails() -> None:
    capacity = CapacitySettings(submit=ConstantTime(8), script_timeout_seconds=3)
    forecast = simulate(ChainModel(capacity), evenly(1, 1))
    assert forecast.tries["outcome"].to_list() == [Outcome.FAILED_SUBMIT]
    assert forecast.tries["ended"].to_list() == [3]


def test_a_phone_that_gave_up_in_the_accept_queue_costs_the_worker_nothing() -> None:
    model = ChainModel(CapacitySettings(submit=ConstantTime(6)), blocking_ra(1), read_timeout_seconds=7)
    forecast = simulate(model, iter([0.0, 0.1, 0.2]))
    assert forecast.ra_busy_seconds == pytest.approx(12)
    assert forecast.certificates.issued == 2


def test_retries_keep_a_ca_down_that_could_carry_the_phones_alone() -> None:
    capacity = CapacitySettings(workers=5, submit=ExponentialTime(0.4), abandoned_after_seconds=3600)
    outage = Outage(60, 120)
    once = ChainModel(capacity, outages=(outage,), read_timeout_seconds=10)
    again = ChainModel(
        capacity, outages=(outage,), read_timeout_seconds=10, retry=RetrySettings(20, 2.0)
    )  # fmt: skip
    late_phones = pl.col("started").is_between(400, 650)
    alone = simulate(once, poisson(12, 9000)).tries.filter(late_phones)
    crowd = simulate(again, poisson(12, 9000)).tries.filter(late_phones)
    assert share_enrolled(alone) > 0.95
    assert share_enrolled(crowd) < 0.5


KINDS = get_args(Outage.__annotations__["kind"])


def share_enrolled(tries: pl.DataFrame) -> float:
    return tries.filter(pl.col("outcome") == Outcome.ENROLLED).height / tries.height


@st.composite
def models(draw: st.DrawFn) -> ChainModel:
    time = st.sampled_from([None, ConstantTime(0.5), ExponentialTime(2.0), LognormalTime(3.0, 1.0)])
    capacity = CapacitySettings(
        workers=draw(st.integers(0, 4)), database_sessions=draw(st.integers(0, 1)),
        kernel_queue=draw(st.integers(0, 4)),
        login=draw(time), form=draw(time), submit=draw(time), download=draw(time), signing=draw(time),
        script_timeout_seconds=draw(st.sampled_from([5.0, 90.0])),
    )  # fmt: skip
    ra = RaSettings(
        timers=RaTimers(total_seconds=draw(st.sampled_from([0.0, 6.0]))),
        connections=RaConnections(
            draw(st.sampled_from(["one", "two"])), draw(st.booleans()), draw(st.integers(1, 2))
        ),
        retries=RaRetries(count=draw(st.integers(0, 2))),
        workers=RaWorkers(
            draw(st.sampled_from(["async", "blocking"])),
            *(draw(st.integers(1, 3)) for _ in range(3)),
        ),
        hand_out_late_certificates=draw(st.booleans()), late_certificates_kept=draw(st.integers(1, 3)),
        front=draw(st.sampled_from(["embedded", "nginx"])),
    )  # fmt: skip
    return ChainModel(
        capacity, ra, draw(st.integers(1, 2)), draw(st.integers(1, 2)), draw(st.sampled_from([2.0, 10.0])),
        RetrySettings(draw(st.integers(1, 3)), draw(st.sampled_from([0.5, 30.0]))),
        Overheads(ra_front_cpu_seconds=draw(st.sampled_from([0.0, 0.5]))),
        outages=draw(st.sampled_from([(), *((Outage(1, 5, kind),) for kind in KINDS)])),
        seed=draw(st.integers(0, 1000)), handshake_timeout_seconds=draw(st.sampled_from([None, 4.0])),
        balancing=draw(st.sampled_from(get_args(Balancing))),
    )  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(models(), st.lists(st.floats(0, 20), min_size=1, max_size=30).map(sorted))
def test_every_certificate_and_every_try_is_accounted_for(model: ChainModel, starts: list[float]) -> None:
    forecast = simulate(model, iter(starts))
    account = forecast.certificates
    spent = account.delivered + account.handed_out_late + account.orphaned + account.kept
    assert account.issued == spent
    assert forecast.enrolled == account.delivered + account.handed_out_late
    assert forecast.phones == len(starts)
    tries = forecast.tries.group_by("phone").len()["len"]
    assert tries.max() <= model.retry.attempts  # type: ignore[operator]


def test_the_same_seed_gives_the_same_forecast() -> None:
    model = ChainModel(CapacitySettings(workers=2, submit=ExponentialTime(0.3)), seed=7)
    first, second = (simulate(model, poisson(5, 500)).tries for _ in range(2))
    assert first.equals(second)
    other = ChainModel(CapacitySettings(workers=2, submit=ExponentialTime(0.3)), seed=8)
    assert not first.equals(simulate(other, poisson(5, 500)).tries)
