import asyncio
import math
import random
import statistics
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from testbed.ca.capacity import Capacity, Turned, TurnedAway
from testbed.ca.capacity_settings import CapacitySettings, ConstantTime, ExponentialTime
from tests.virtual_time import run_virtually

pytestmark = pytest.mark.long

SECOND = ConstantTime(1.0)


@dataclass
class Meter:
    """Notes what the model tells."""

    waits: list[float] = field(default_factory=list)
    services: list[float] = field(default_factory=list)
    most_queued: int = 0
    most_in_service: int = 0
    turned: list[str] = field(default_factory=list)

    def served(self, _: str, waiting_seconds: float, service_seconds: float) -> None:
        self.waits.append(waiting_seconds)
        self.services.append(service_seconds)

    def occupancy(self, _: str, queued: int, in_service: int) -> None:
        self.most_queued = max(self.most_queued, queued)
        self.most_in_service = max(self.most_in_service, in_service)

    def rejected(self, reason: str) -> None:
        self.turned.append(reason)


def simulate(
    settings: CapacitySettings, arrivals: Callable[[], float], customers: int, seed: int = 1
) -> Meter:
    """Send customers through stage `submit`, with the given time between two arrivals."""
    meter = Meter()

    async def customer(capacity: Capacity) -> None:
        try:
            async with capacity.serve("submit"):
                pass
        except TurnedAway:
            pass

    async def run() -> None:
        loop = asyncio.get_running_loop()
        capacity = Capacity(settings, seed, meter, clock=loop.time)
        async with asyncio.TaskGroup() as group:
            for _ in range(customers):
                group.create_task(customer(capacity))
                await asyncio.sleep(arrivals())

    run_virtually(run())
    return meter


def erlang_c(servers: int, load: float) -> float:
    """The probability that an arrival must wait (Erlang 1917), `load` arriving per service time."""
    terms = [load**n / math.factorial(n) for n in range(servers)]
    last = load**servers / math.factorial(servers) * servers / (servers - load)
    return last / (sum(terms) + last)


def confidence(waits: list[float], batches: int = 20) -> tuple[float, float]:
    """The mean, and half the width of its 99.9 % interval by batch means (Student's t, 19 degrees: 3.883)."""
    size = len(waits) // batches
    means = [statistics.fmean(waits[i * size : (i + 1) * size]) for i in range(batches)]
    return statistics.fmean(means), 3.883 * statistics.stdev(means) / math.sqrt(batches)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("servers", "utilisation"), [(1, 0.6), (3, 0.7), (8, 0.75)])
def test_waiting_times_agree_with_m_m_c(servers: int, utilisation: float, seed: int) -> None:
    """Within the 99.9 % interval of the batch means, for twelve independent runs."""
    mean_service = 0.05
    load = servers * utilisation
    chance = random.Random(f"arrivals/{seed}")
    settings = CapacitySettings(
        workers=servers, kernel_queue=0, page_queue=0, submit=ExponentialTime(mean_service)
    )
    meter = simulate(settings, lambda: chance.expovariate(load / mean_service), 10_000, seed)
    expected = erlang_c(servers, load) * mean_service / (servers - load)
    measured, half_width = confidence(meter.waits[2_000:])
    assert abs(measured - expected) < half_width
    assert half_width < expected
    assert statistics.fmean(meter.services) == pytest.approx(mean_service, rel=0.05)


def test_no_more_are_served_at_once_than_there_are_workers() -> None:
    meter = simulate(CapacitySettings(workers=3, submit=SECOND), lambda: 0.0, 10)
    assert (meter.most_in_service, meter.most_queued) == (3, 7)
    assert sorted(meter.waits) == [0, 0, 0, 1, 1, 1, 2, 2, 2, 3]


def test_without_a_bound_nobody_waits() -> None:
    meter = simulate(CapacitySettings(submit=SECOND), lambda: 0.0, 50)
    assert max(meter.waits) == 0


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        (CapacitySettings(workers=1, kernel_queue=2, submit=SECOND), Turned.KERNEL_QUEUE),
        (CapacitySettings(workers=1, page_queue=2, submit=SECOND), Turned.PAGE_QUEUE),
    ],
)
def test_a_full_queue_turns_the_next_one_away(settings: CapacitySettings, why: Turned) -> None:
    meter = simulate(settings, lambda: 0.0, 5)
    assert len(meter.waits) == 3
    assert meter.turned == [why.value] * 2


def test_a_page_that_takes_too_long_is_cut_off_at_the_script_timeout() -> None:
    settings = CapacitySettings(workers=1, script_timeout_seconds=0.25, submit=SECOND)
    meter = simulate(settings, lambda: 0.25, 3)
    assert meter.turned == [Turned.SCRIPT_TIMEOUT.value] * 3
    assert meter.most_queued <= 1


@pytest.mark.parametrize(("workers", "served"), [(1, 1), (2, 2)])
def test_who_is_gone_after_a_long_wait_is_dropped(workers: int, served: int) -> None:
    meter = Meter()

    async def run() -> None:
        settings = CapacitySettings(workers=workers, abandoned_after_seconds=0.5, submit=SECOND)
        capacity, gone = Capacity(settings, 1, meter, clock=asyncio.get_running_loop().time), asyncio.Event()
        gone.set()

        async def customer() -> None:
            async with capacity.serve("submit", gone):
                pass

        await asyncio.gather(*(customer() for _ in range(2)), return_exceptions=True)

    run_virtually(run())
    assert len(meter.waits) == served


def test_signatures_are_made_one_at_a_time() -> None:
    async def run() -> float:
        loop = asyncio.get_running_loop()
        capacity = Capacity(CapacitySettings(signing=SECOND), 1, Meter(), clock=loop.time)

        async def sign() -> None:
            async with capacity.sign():
                pass

        await asyncio.gather(*(sign() for _ in range(4)))
        return loop.time()

    assert run_virtually(run()) == pytest.approx(4.0)


def test_a_database_session_too_many_is_refused_and_a_free_one_given_again() -> None:
    capacity = Capacity(CapacitySettings(database_sessions=1), 1, Meter())
    with capacity.database_session(), pytest.raises(TurnedAway), capacity.database_session():
        pass
    with capacity.database_session():
        pass


def test_the_same_seed_gives_the_same_run() -> None:
    settings = CapacitySettings(workers=2, submit=ExponentialTime(0.1))
    first, again, other = (simulate(settings, lambda: 0.02, 200, seed).waits for seed in (1, 1, 2))
    assert first == again != other


def test_who_gives_up_waiting_leaves_the_line() -> None:
    meter = Meter()

    async def run() -> None:
        settings = CapacitySettings(workers=1, submit=SECOND)
        capacity = Capacity(settings, 1, meter, clock=asyncio.get_running_loop().time)

        async def customer() -> None:
            async with capacity.serve("submit"):
                pass

        tasks = [asyncio.create_task(customer()) for _ in range(3)]
        await asyncio.sleep(0.5)
        tasks[1].cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    run_virtually(run())
    assert meter.waits == pytest.approx([0.0, 1.0])
