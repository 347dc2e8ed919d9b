"""The simulator: a million phones in less than a minute of one core, and beside SimPy on the same chain."""

import random
import time
from collections import Counter
from collections.abc import Callable, Iterator

from pytest_benchmark.fixture import BenchmarkFixture

from loadtests.phones.settings import RetrySettings
from loadtests.simulation.forecast import Forecast, simulate
from loadtests.simulation.ledger import Outcome
from loadtests.simulation.settings import ChainModel
from testbed.ca.capacity_settings import CapacitySettings, ExponentialTime, LognormalTime
from testbed.ra.capacity_settings import RaWorkers
from testbed.ra.settings import RaSettings
from tests.benchmarks.simpy_chain import SimpyChain

MILLION = 1_000_000
SHARED_PHONES = 20_000
SLOWER_THAN_US = 2
SECONDS = 60
RATE = 160.0
CHAIN = ChainModel(
    CapacitySettings(
        workers=50, login=ExponentialTime(0.02), form=ExponentialTime(0.02), submit=LognormalTime(0.1, 0.8),
        download=ExponentialTime(0.02),
    ),
    RaSettings(workers=RaWorkers("blocking", 60)),
)  # fmt: skip


def starts(phones: int) -> Iterator[float]:
    source, now = random.Random(1), 0.0
    for _ in range(phones):
        now += source.expovariate(RATE)
        yield now


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
