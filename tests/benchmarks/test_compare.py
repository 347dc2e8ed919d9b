"""Comparisons of simulated runs: how often alike ones raise an alarm, and a fifth more time is found."""

from collections.abc import Iterator

import msgspec
import polars as pl
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from loadtests.arrivals.rates import Poisson
from loadtests.comparison.finding import Verdict
from loadtests.comparison.observed import Observed
from loadtests.comparison.sides import Comparison
from loadtests.phones.settings import RetrySettings
from loadtests.simulation.forecast import simulate
from loadtests.simulation.ledger import Outcome
from loadtests.simulation.settings import ChainModel
from loadtests.streams import stream
from testbed.ca.capacity_settings import CapacitySettings, ExponentialTime, LognormalTime
from testbed.ra.settings import RaSettings

PAIRS, MOST_ALARMS = 200, 0.05
SLOWER_PAIRS, LEAST_FOUND = 50, 0.9


@pytest.mark.timeout(600)
@pytest.mark.parametrize(("rate", "phones"), [(5.0, 1000), (15.0, 1000), (20.0, 2000)])
def test_of_200_pairs_at_most_5_percent_raise_an_alarm(
    benchmark: BenchmarkFixture, rate: float, phones: int
) -> None:
    alarms: list[bool] = []
    benchmark.pedantic(  # type: ignore[no-untyped-call]
        lambda: alarms.extend(regressed(pair, rate, phones, 1.0) for pair in range(PAIRS))
    )
    benchmark.extra_info.update(alarms=sum(alarms), pairs=PAIRS)
    assert sum(alarms) <= MOST_ALARMS * PAIRS


@pytest.mark.timeout(600)
def test_a_fifth_more_time_is_found(benchmark: BenchmarkFixture) -> None:
    found: list[bool] = []
    benchmark.pedantic(  # type: ignore[no-untyped-call]
        lambda: found.extend(regressed(pair, 10.0, 2000, 1.2) for pair in range(SLOWER_PAIRS))
    )
    benchmark.extra_info.update(found=sum(found), pairs=SLOWER_PAIRS)
    assert sum(found) >= LEAST_FOUND * SLOWER_PAIRS


def regressed(pair: int, rate: float, phones: int, slower: float) -> bool:
    one, two = run(chain(1.0), 2 * pair, rate, phones), run(chain(slower), 2 * pair + 1, rate, phones)
    return any(each.verdict is Verdict.REGRESSION for each in Comparison().of([one], [two]))


def chain(slower: float) -> ChainModel:
    """Five blocking workers, 0.22 s for an enrollment: 22/s at most."""
    step, submit = ExponentialTime(0.02 * slower), LognormalTime(0.1 * slower, 0.6)
    capacity = CapacitySettings(workers=8, login=step, form=step, submit=submit, download=step)
    return ChainModel(capacity, RaSettings(), retry=RetrySettings(3, 5.0), read_timeout_seconds=2.0)


def run(model: ChainModel, seed: int, rate: float, phones: int) -> Observed:
    forecast = simulate(msgspec.structs.replace(model, seed=seed), arrivals(seed, rate, phones))
    errors = {int(each): "EST_ERR_NONE" if each is Outcome.ENROLLED else each.name for each in Outcome}
    table = forecast.tries.select(
        phone=pl.col("phone").cast(pl.String),
        intended_start="started",
        done="ended",
        latency_seconds=pl.col("ended") - pl.col("started"),
        enrolled=pl.col("outcome") == Outcome.ENROLLED,
        est_error=pl.col("outcome").cast(pl.Int64).replace_strict(errors, return_dtype=pl.String),
    )
    return Observed.of(str(seed), table, phones, forecast.certificates.orphaned, {})


def arrivals(seed: int, rate: float, phones: int) -> Iterator[float]:
    return Poisson(rate, lambda: stream(seed, "arrivals")).offsets_seconds(phones)
