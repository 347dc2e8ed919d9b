"""The capacity model: makes the CA as slow, and as bounded, as a real one is said to be."""

import asyncio
import contextlib
import enum
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Protocol

from testbed.ca.capacity_settings import CapacitySettings
from testbed.ca.distributions import drawer
from testbed.ca.station import Station

Sleep = Callable[[float], Awaitable[None]]
SIGNING = "signing"


class Turned(enum.Enum):
    """Why a request was turned away unserved, or cut off."""

    KERNEL_QUEUE = "kernel queue full"
    PAGE_QUEUE = "page queue full"
    ABANDONED = "client gone while waiting"
    SCRIPT_TIMEOUT = "script timed out"
    DATABASE_SESSIONS = "no database session"


class TurnedAway(Exception):
    """The request is not served; `why` says which limit it hit."""

    def __init__(self, why: Turned) -> None:
        super().__init__(why.value)
        self.why = why


class CapacityMeter(Protocol):
    """What is told about queues and services, by stage."""

    def served(self, stage: str, waiting_seconds: float, service_seconds: float) -> None:
        """One request left its server."""

    def occupancy(self, stage: str, queued: int, in_service: int) -> None:
        """How many requests of a stage wait and are served now."""

    def rejected(self, reason: str) -> None:
        """A request was turned away."""


class Capacity:
    """The servers of one CA. `serve` is a page's turn on a worker thread, `sign` one signature."""

    def __init__(
        self,
        settings: CapacitySettings,
        seed: int,
        meter: CapacityMeter,
        *,
        sleep: Sleep = asyncio.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings, self._meter = settings, meter
        # A CA that is never busy need not pay for keeping turns.
        self.is_unlimited = not settings.workers and not any(
            (settings.login, settings.form, settings.submit, settings.download)
        )
        self._sleep, self._clock = sleep, clock
        self._workers = Station(settings.workers)
        self._signer = Station(1 if settings.signing else 0)
        self._sessions = 0
        stages = {
            "login": settings.login,
            "form": settings.form,
            "submit": settings.submit,
            "download": settings.download,
            SIGNING: settings.signing,
        }
        self._draw = {stage: drawer(time_, seed, stage) for stage, time_ in stages.items()}
        self._present = {stage: [0, 0] for stage in stages}

    @contextlib.asynccontextmanager
    async def serve(self, stage: str, gone: asyncio.Event | None = None) -> AsyncIterator[None]:
        """A turn on a worker: wait for one, hold it for the stage's service time and for the block.

        Raises TurnedAway when a limit is hit. `gone` is set once the client has left.
        """
        if stage not in self._draw:
            yield
            return
        self._check_queues()
        arrived = self._clock()
        async with self._turn(self._workers, stage) as started:
            waited = started - arrived
            if gone and gone.is_set() and waited > self._settings.abandoned_after_seconds:
                self._turn_away(Turned.ABANDONED)
            await self._work(stage)
            yield
            self._meter.served(stage, waited, self._clock() - started)

    @contextlib.asynccontextmanager
    async def sign(self) -> AsyncIterator[None]:
        """A turn on the signing device."""
        if self._settings.signing is None:
            yield
            return
        arrived = self._clock()
        async with self._turn(self._signer, SIGNING) as started:
            await self._sleep(self._draw[SIGNING]())
            yield
            self._meter.served(SIGNING, started - arrived, self._clock() - started)

    @contextlib.contextmanager
    def database_session(self) -> Iterator[None]:
        """One of the database sessions; raises TurnedAway when all are taken."""
        if self._settings.database_sessions and self._sessions >= self._settings.database_sessions:
            self._turn_away(Turned.DATABASE_SESSIONS)
        self._sessions += 1
        try:
            yield
        finally:
            self._sessions -= 1

    @contextlib.asynccontextmanager
    async def _turn(self, station: Station, stage: str) -> AsyncIterator[float]:
        """A server of `station`; gives the time it was taken."""
        self._count(stage, queued=1)
        try:
            await station.enter()
        finally:
            self._count(stage, queued=-1)
        self._count(stage, in_service=1)
        try:
            yield self._clock()
        finally:
            self._count(stage, in_service=-1)
            station.leave()

    async def _work(self, stage: str) -> None:
        seconds, limit = self._draw[stage](), self._settings.script_timeout_seconds
        if seconds > 0:
            await self._sleep(min(seconds, limit))
        if seconds > limit:
            self._turn_away(Turned.SCRIPT_TIMEOUT)

    def _check_queues(self) -> None:
        if not self._workers.is_full:
            return
        settings = self._settings
        if settings.kernel_queue and self._workers.queued >= settings.kernel_queue:
            self._turn_away(Turned.KERNEL_QUEUE)
        if settings.page_queue and self._workers.queued >= settings.page_queue:
            self._turn_away(Turned.PAGE_QUEUE)

    def _turn_away(self, why: Turned) -> None:
        self._meter.rejected(why.value)
        raise TurnedAway(why)

    def _count(self, stage: str, *, queued: int = 0, in_service: int = 0) -> None:
        present = self._present[stage]
        present[0] += queued
        present[1] += in_service
        self._meter.occupancy(stage, present[0], present[1])
