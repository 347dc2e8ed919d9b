"""The simulator: a million phones in less than a minute of one core, and beside SimPy on the same chain."""

import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable

import msgspec
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from loadtests.phones.settings import RetrySettings
from loadtests.simulation.forecast import Forecast, simulate
from loadtests.simulation.ledger import Outcome
from loadtests.simulation.settings import ChainModel
from tests.benchmarks.simpy_chain import SimpyChain
from tests.benchmarks.simulated_fleet import CHAIN, Cost, starts

MILLION = 1_000_000
SHARED_PHONES = 20_000
SLOWER_THAN_US = 2
SECONDS = 60
# A process with Polars and nothing simulated, and what a try leaves, twice.
EMPTY_BYTES, TRY_BYTES = 200_000_000, 42


def cpu_seconds(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started


def test_a_million_phones_take_less_than_a_minute_of_one_core(benchmark: BenchmarkFixture) -> None:
    model = ChainModel(CHAIN.capacity, CHAIN.ra, retry=RetrySettings())
    started = time.process_time()
    forecasts = list[Forecast]()
    benchmark.pedantic(lambda: forecasts.append(simulate(model, starts(MILLION))))  # type: ignore[no-untyped-call]
    spent = time.process_time() - started
    benchmark.extra_info.update(cpu_seconds=spent, phones_per_cpu_second=MILLION / spent)
    assert forecasts[0].phones == MILLION
    assert spent < SECONDS


def test_simpy_takes_several_times_as_long_for_the_same_phones(benchmark: BenchmarkFixture) -> None:
    ours, theirs = list[Outcome](), SimpyChain(CHAIN, starts(SHARED_PHONES))

    def simulate_ours() -> None:
        ours.extend(map(Outcome, simulate(CHAIN, starts(SHARED_PHONES)).tries["outcome"]))

    our_seconds = cpu_seconds(lambda: benchmark.pedantic(simulate_ours))  # type: ignore[no-untyped-call]
    their_seconds = cpu_seconds(theirs.run)
    ratio = their_seconds / our_seconds
    benchmark.extra_info.update(ours=our_seconds, simpy=their_seconds, ratio=ratio)
    assert Counter(ours).keys() == Counter(theirs.outcomes).keys()
    assert len(ours) == len(theirs.outcomes)
    assert ratio > SLOWER_THAN_US


@pytest.mark.parametrize(("nodes", "phones"), [(1, 100_000), (10, MILLION), (100, 10 * MILLION)])
def test_ten_million_phones_on_a_hundred_ras_take_memory_for_their_tries_alone(
    nodes: int, phones: int, benchmark: BenchmarkFixture
) -> None:
    command = (sys.executable, "-m", "tests.benchmarks.simulated_fleet", str(nodes), str(phones))
    costs = list[Cost]()
    benchmark.pedantic(  # type: ignore[no-untyped-call]
        lambda: costs.append(msgspec.json.decode(subprocess.check_output(command), type=Cost))
    )
    cost = costs[0]
    benchmark.extra_info.update(msgspec.to_builtins(cost), phones_per_cpu_second=phones / cost.cpu_seconds)
    assert cost.phones == phones
    assert cost.peak_bytes < EMPTY_BYTES + TRY_BYTES * cost.tries
    assert cost.cpu_seconds < SECONDS * phones / MILLION + 5
