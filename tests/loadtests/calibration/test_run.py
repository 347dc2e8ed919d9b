"""Overheads of a run: attempts made by the simulator with known ones, from which these must come out."""

import msgspec
import polars as pl
import pytest

from loadtests.calibration.histogram import Histogram
from loadtests.calibration.iis import CaLog
from loadtests.calibration.run import overheads
from loadtests.errors import ModelError
from loadtests.results import table
from loadtests.results.summary import CpuSeconds
from loadtests.scenario import Scenario
from loadtests.simulation.forecast import simulate
from loadtests.simulation.settings import ChainModel, Overheads, Stage
from testbed.ca.capacity_settings import (
    CapacitySettings,
    ConstantTime,
    ExponentialTime,
    LognormalTime,
    SamplesTime,
)
from testbed.ca.settings import CaSettings
from testbed.ra.capacity_settings import RaWorkers
from testbed.ra.settings import RaSettings
from tests.loadtests.attempts import enrolled, timed_out
from tests.loadtests.runs import summed_up

CALLS: dict[Stage, int] = {"login": 2, "form": 1, "submit": 1, "download": 1}
PHONE, CALL, RA_CPU, FRONT_CPU = 0.01, 0.002, 0.005, 0.003
CAPACITY = CapacitySettings(
    login=LognormalTime(0.02, 0.5), submit=LognormalTime(0.1, 0.8), download=ConstantTime(0.02),
    signing=ExponentialTime(0.01),
)  # fmt: skip


def scenario_of(workers: RaWorkers) -> Scenario:
    return Scenario(ca=CaSettings(capacity=CAPACITY, seed=9), ra=RaSettings(workers=workers))


def attempts_of(scenario: Scenario, phones: int, calls_before: int = 0) -> tuple[pl.DataFrame, CaLog]:
    """What a run would leave: each phone when the one before it is done, so that nothing queues.

    The RA has read the CA's chain so often before.
    """
    known = Overheads(phone=ConstantTime(PHONE), call=ConstantTime(CALL), ra_cpu_seconds=RA_CPU)
    model = ChainModel(scenario.ca.capacity, scenario.ra, overheads=known, read_timeout_seconds=60, seed=9)
    tries = simulate(model, (phone * 50.0 for phone in range(phones))).tries
    seconds = (tries["ended"] - tries["started"]).to_list()
    frame = table.build(enrolled(phone, latency=each) for phone, each in enumerate(seconds))
    zero = [pl.lit(0.0).alias(f"{name}_seconds") for name in ("tls", "send", "read", "check")]
    frame = frame.with_columns(*zero, connect_seconds=pl.lit(PHONE), wait_seconds=pl.Series(seconds) - PHONE)
    log = CaLog()
    for stage, calls in CALLS.items():
        log.stages[stage].by_level[0] = Histogram()
        before = calls_before if stage in ("login", "download") else 0
        log.stages[stage].by_level[0].add(0, calls * phones + before, 0)
    return frame, log


@pytest.mark.parametrize(("processes", "cores"), [(0, 1), (2, 2)])
def test_the_overheads_that_a_run_was_made_with_come_out(processes: int, cores: int) -> None:
    scenario = scenario_of(RaWorkers("async", processes=processes))
    attempts, log = attempts_of(scenario, 60)
    summary = summed_up(attempts, cpu_seconds=CpuSeconds(1.0, 60 * RA_CPU, 1.0))
    found = overheads(scenario, summary, attempts, log)
    assert found.ra_cpu_seconds == pytest.approx(RA_CPU)
    assert found.cores == cores
    assert isinstance(found.call, ConstantTime)
    assert found.call.seconds == pytest.approx(CALL, rel=1e-6)
    assert isinstance(found.phone, SamplesTime)
    assert set(found.phone.seconds) == {PHONE}


def test_what_nginx_computes_is_a_part_of_its_own_and_holds_no_worker() -> None:
    """Of a phone's ten milliseconds three were NGINX's, of the RA's CPU time as much again."""
    scenario = scenario_of(RaWorkers("async"))
    attempts, log = attempts_of(scenario, 20)
    spent = CpuSeconds(1.0, 20 * (RA_CPU + FRONT_CPU), 1.0, 20 * FRONT_CPU)
    found = overheads(scenario, summed_up(attempts, cpu_seconds=spent), attempts, log)
    assert found.ra_cpu_seconds == pytest.approx(RA_CPU)
    assert found.ra_front_cpu_seconds == pytest.approx(FRONT_CPU)
    assert isinstance(found.phone, SamplesTime)
    assert found.phone.seconds == pytest.approx((PHONE - FRONT_CPU,) * len(found.phone.seconds))


def test_what_the_ra_asks_before_any_phone_comes_is_no_phones_share() -> None:
    capacity = CapacitySettings(login=ConstantTime(0.5), submit=ConstantTime(1.0))
    scenario = msgspec.structs.replace(scenario_of(RaWorkers("async")), ca=CaSettings(capacity=capacity))
    attempts, log = attempts_of(scenario, 5, calls_before=1)
    summary = summed_up(attempts, cpu_seconds=CpuSeconds(1.0, 5 * RA_CPU, 1.0))
    call = overheads(scenario, summary, attempts, log).call
    assert isinstance(call, ConstantTime)
    assert call.seconds == pytest.approx(CALL, rel=1e-6)


def test_a_run_in_which_many_failed_is_no_calibration() -> None:
    scenario = scenario_of(RaWorkers("async"))
    attempts = table.build([*(enrolled(phone) for phone in range(20)), timed_out(20)])
    with pytest.raises(ModelError, match="1 of 21 attempts failed"):
        overheads(scenario, summed_up(attempts), attempts, CaLog())
