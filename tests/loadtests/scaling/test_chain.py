"""The chain's queueing model: from what was measured, and against the simulated chain."""

import numpy as np
import pytest

from loadtests.errors import ModelError
from loadtests.scaling.chain import (
    CORES,
    FRONT_CPU,
    GENERATOR_CPU,
    POOL,
    RA_CPU,
    SIGNING,
    THREADS,
    WORKERS,
    Chain,
)
from loadtests.scaling.curve import Array
from loadtests.scaling.demands import Demands, Limits, Variation
from loadtests.scaling.level import Level, Repeat
from loadtests.simulation.closed import simulate_closed
from loadtests.simulation.forecast import simulate
from loadtests.simulation.settings import ChainModel
from testbed.ca.capacity_settings import CapacitySettings, ConstantTime, ExponentialTime, LognormalTime
from tests.loadtests.scaling.levels import repeat
from tests.loadtests.simulation.chains import blocking_ra, poisson, seconds

STEADY = Variation(0.0, 0.0, 0.0)


def chain(limits: Limits, **given: float) -> Chain:
    usual = {
        "generator_cpu": 0.0, "ra_cpu": 0.0, "ca_cpu": 0.0, "pages": 0.0, "signing": 0.0,
        "outside": 0.0, "inside": 0.0,
    }  # fmt: skip
    return Chain(limits=limits, variation=STEADY, alone=np.array([1.0]), **(usual | given))


def demands(**given: float | None) -> Demands:
    usual: dict[str, float | None] = {"generator_cpu": 0.0, "ra_cpu": 0.0, "ca_cpu": 0.0}
    usual |= {"worker": None, "pages": None, "signing": None} | given
    return Demands(variation=STEADY, latencies=[0.2], **usual)  # type: ignore[arg-type]  # None where allowed


@pytest.mark.parametrize(
    ("described", "name", "rate"),
    [
        (chain(Limits(ra_workers=5), pages=0.1, inside=0.1), WORKERS, 25.0),
        (chain(Limits(ra_workers=5, ca_threads=2), pages=0.1, inside=0.1), THREADS, 20.0),
        (chain(Limits(ra_workers=50, signing_devices=1), signing=0.1, pages=0.1), SIGNING, 10.0),
        (chain(Limits(ra_pool=3), pages=0.1, inside=0.1), POOL, 15.0),
        (chain(Limits(ra_pool=3, ra_workers=5), pages=0.1, inside=0.1), POOL, 15.0),
        (chain(Limits(ra_pool=32, ra_workers=5), pages=0.1, inside=0.1), WORKERS, 25.0),
        (chain(Limits(), generator_cpu=0.01, inside=0.1), GENERATOR_CPU, 100.0),
        (chain(Limits(cores=2), generator_cpu=0.01, ra_cpu=0.01, ca_cpu=0.01), CORES, 2 / 0.03),
    ],
)
def test_the_bottleneck_and_its_rate_are_found(described: Chain, name: str, rate: float) -> None:
    assert described.bottleneck() == name
    assert described.highest_per_second() == pytest.approx(rate, rel=0.01)


def test_nginx_s_processes_and_the_ra_s_limit_each_by_their_own_cpu_time() -> None:
    """One process of each: NGINX's takes none of the RA's work, nor the RA's any of NGINX's."""
    busy_ra = chain(Limits(front_processes=1), ra_cpu=0.009, front_cpu=0.001)
    assert busy_ra.bottleneck() == RA_CPU
    assert busy_ra.highest_per_second() == pytest.approx(1 / 0.009, rel=0.01)
    busy_front = chain(Limits(front_processes=2), ra_cpu=0.002, front_cpu=0.01)
    assert busy_front.bottleneck() == FRONT_CPU
    assert busy_front.highest_per_second() == pytest.approx(200, rel=0.01)
    assert busy_front.reliefs()[FRONT_CPU] == pytest.approx(400, rel=0.01)


def test_nginx_takes_its_share_of_the_machine_s_cores() -> None:
    alone, fronted = (
        chain(Limits(cores=1, front_processes=processes), ra_cpu=0.01, front_cpu=seconds)
        for processes, seconds in ((0, 0.0), (1, 0.01))
    )
    assert alone.closed_per_second(60) == pytest.approx(100, rel=0.05)
    assert fronted.closed_per_second(60) == pytest.approx(50, rel=0.05)


def test_who_waits_for_nginx_holds_no_worker() -> None:
    fronted = chain(Limits(ra_workers=5, front_processes=1), front_cpu=0.01, inside=0.1)
    assert fronted.highest_per_second() == pytest.approx(50, rel=0.01)
    assert [part.name for part in fronted.parts()][-2:] == [FRONT_CPU, WORKERS]
    assert FRONT_CPU not in {part.name for part in chain(Limits(ra_workers=5), inside=0.1).parts()}


def test_what_would_help_is_told_the_most_helpful_first() -> None:
    """Five workers, of whom three page threads let two wait: more workers would only wait, too."""
    crowded = chain(Limits(ra_workers=5, ca_threads=3), pages=0.1, inside=0.02)
    reliefs = crowded.reliefs()
    assert list(reliefs)[:2] == [THREADS, WORKERS]
    assert reliefs[THREADS] == pytest.approx(5 / 0.12, rel=0.05)
    assert reliefs[WORKERS] == pytest.approx(3 / 0.1, rel=0.02)


def test_a_chain_without_limits_has_no_bottleneck() -> None:
    free = chain(Limits(), inside=0.1)
    assert free.bottleneck() == ""
    assert free.closed_per_second(50) == pytest.approx(500)


def test_cores_that_suffice_for_all_processes_slow_none() -> None:
    few, enough = (
        chain(Limits(cores=cores), generator_cpu=0.01, ra_cpu=0.01, ca_cpu=0.01) for cores in (2, 3)
    )
    assert enough.closed_per_second(60) == pytest.approx(100, rel=0.05)
    assert few.closed_per_second(60) == pytest.approx(200 / 3, rel=0.05)


def test_demands_come_from_all_levels_and_the_rest_from_the_lowest() -> None:
    low = Repeat(5.0, 0.2, 0.2, 0.2, 100, 0.0, demands(worker=0.15, pages=0.05, ra_cpu=0.01))
    high = Repeat(9.5, 0.2, 0.2, 0.2, 300, 0.0, demands(worker=0.15, pages=0.09, ra_cpu=0.01))
    found = Chain.measured([Level(1, [low]), Level(2, [high])], Limits(ra_workers=5, ca_threads=9))
    assert found.pages == pytest.approx(0.08)
    assert found.closed_per_second(1) == pytest.approx(5.0, rel=1e-3)
    assert found.outside / found.inside == pytest.approx(0.05 / (0.15 - 0.01 - 0.08))


def test_demands_that_account_for_more_than_was_measured_leave_nothing_else() -> None:
    low = Repeat(5.0, 0.2, 0.2, 0.2, 100, 0.0, demands(worker=0.2, pages=0.21))
    found = Chain.measured([Level(1, [low])], Limits(ra_workers=5, ca_threads=9))
    assert found.outside == found.inside == 0
    assert found.closed_per_second(1) == pytest.approx(1 / 0.21)


def test_levels_without_usage_make_no_queueing_model() -> None:
    with pytest.raises(ModelError, match="usage of the chain"):
        Chain.measured([Level(1, [repeat(10.0)])], Limits())


CAPACITY = CapacitySettings(
    workers=4, kernel_queue=0, page_queue=0, form=ConstantTime(0.05), submit=LognormalTime(0.05, 0.8),
    signing=ExponentialTime(0.02),
)  # fmt: skip
# The mean of a lognormal time is its median times e^(sigma²/2), its SCV e^(sigma²) - 1.
SUBMIT_SECONDS, SUBMIT_SCV = 0.05 * np.exp(0.32), np.exp(0.64) - 1


@pytest.mark.parametrize("rate", [10.0, 20.0, 23.0])
def test_latency_under_a_rate_is_near_to_the_simulated_chain_s(rate: float) -> None:
    """Eight blocking workers, four page threads, a signing device: each held while the next is waited for."""
    chain_of_theirs = made()
    alone = chain_of_theirs.alone
    assert chain_of_theirs.highest_per_second() > rate
    found = chain_of_theirs.flow(rate)
    forecasts = [
        simulate(
            ChainModel(CAPACITY, blocking_ra(8), read_timeout_seconds=3600, seed=seed),
            poisson(rate, 8000, seed),
        )
        for seed in range(3)
    ]
    means = [np.mean(seconds(each)) for each in forecasts]
    tails = [np.quantile(seconds(each), 0.99) for each in forecasts]
    assert found is not None
    assert found.seconds == pytest.approx(np.mean(means), rel=0.1)
    assert found.percentile_seconds(0.99, alone) == pytest.approx(np.mean(tails), rel=0.2)


@pytest.mark.parametrize("at_once", [1, 3, 6, 12, 40])
def test_throughput_with_so_many_at_once_is_near_to_the_simulated_chain_s(at_once: int) -> None:
    model = ChainModel(CAPACITY, blocking_ra(8), read_timeout_seconds=3600, seed=5)
    forecast = simulate_closed(model, at_once, 4000)
    assert made().closed_per_second(at_once) == pytest.approx(4000 / forecast.seconds, rel=0.04)


def made() -> Chain:
    """The simulated chain as the queueing model has it."""
    pages = 0.05 + SUBMIT_SECONDS
    variance = SUBMIT_SCV * SUBMIT_SECONDS**2 + 0.02**2
    page_scv = (0.05**2 + SUBMIT_SECONDS**2 + variance) / 2 / (pages / 2) ** 2 - 1
    alone = times_alone()
    return Chain(
        Limits(ra_workers=8, ca_threads=4, signing_devices=1), 0.0, 0.0, 0.0, pages, 0.02, 0.0, 0.0,
        Variation(variance / alone.mean() ** 2, page_scv, 1.0), alone,
    )  # fmt: skip


def times_alone() -> Array:
    """Times of single enrollments, from the simulated chain at rest."""
    model = ChainModel(CAPACITY, blocking_ra(8), read_timeout_seconds=3600, seed=9)
    forecast = simulate(model, (number * 60.0 for number in range(4000)))
    return np.sort(seconds(forecast))
