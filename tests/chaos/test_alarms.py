"""Alarms ring in order, never early, soon after their time; cancelled ones never."""

import asyncio
import math
import time
from collections.abc import Callable, Coroutine

import uvloop
from hypothesis import given, settings
from hypothesis import strategies as st

from chaos.alarms import Alarms


def with_alarms(use: Callable[[Alarms], Coroutine[None, None, None]]) -> None:
    async def run() -> None:
        alarms = Alarms(asyncio.get_running_loop())
        try:
            await use(alarms)
        finally:
            alarms.close()

    uvloop.run(run())


@settings(max_examples=20, deadline=None)
@given(st.lists(st.floats(-0.01, 0.02), min_size=1, max_size=50))
def test_alarms_ring_in_the_order_of_their_times_and_never_early(delays: list[float]) -> None:
    rung: list[tuple[float, float]] = []

    async def use(alarms: Alarms) -> None:
        done = asyncio.Event()
        start = alarms.now()

        def ring(asked: float) -> None:
            rung.append((asked, alarms.now()))
            if len(rung) == len(delays):
                done.set()

        for asked in (start + delay for delay in delays):
            alarms.at(asked, lambda asked=asked: ring(asked))  # type: ignore[misc]
        await asyncio.wait_for(done.wait(), 5)

    with_alarms(use)
    assert [asked for asked, _ in rung] == sorted(asked for asked, _ in rung)
    assert all(at >= asked for asked, at in rung)


def test_a_cancelled_alarm_never_rings_and_those_after_it_do() -> None:
    rung = []

    async def use(alarms: Alarms) -> None:
        done = asyncio.Event()
        start = alarms.now()
        cancelled = [alarms.at(start + 0.005, lambda: rung.append("cancelled")) for _ in range(200)]
        alarms.at(math.inf, lambda: rung.append("never"))
        alarms.at(start + 0.01, done.set)
        for alarm in cancelled:
            alarm.cancel()
        await asyncio.wait_for(done.wait(), 5)

    with_alarms(use)
    assert rung == []


def test_alarms_are_finer_than_the_loops_own_milliseconds() -> None:
    late: list[float] = []

    async def use(alarms: Alarms) -> None:
        for _ in range(50):
            rung = asyncio.get_running_loop().create_future()
            asked = time.monotonic() + 0.0004
            alarms.at(asked, lambda rung=rung: rung.set_result(None))  # type: ignore[misc]
            await rung
            late.append(time.monotonic() - asked)

    with_alarms(use)
    assert 0 <= min(late) < 0.0005
