"""Curl handles for enrollments: a fresh one each time, or some that stay connected and logged in."""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from typing import Protocol

from testbed.errors import CurlError
from testbed.ra.certsrv.curl import Curl, CurlHandle
from testbed.ra.certsrv.settings import RaConnections


class Handles(Protocol):
    """Where handles come from and go back to."""

    async def take(self) -> CurlHandle:
        """A handle for one user; CurlError when there is none in time."""
        ...

    def give_back(self, handle: CurlHandle) -> None:
        """The handle is not needed any more."""
        ...

    def close(self) -> None:
        """Close every handle that nobody uses."""
        ...


class PoolWatch(Protocol):
    """Whoever counts what a pool does."""

    def waited_for_pool(self, seconds: float) -> None:
        """Someone waited so long for a handle, and has one now or gave up."""

    def taken_from_pool(self) -> None:
        """One more handle is taken."""

    def back_in_pool(self) -> None:
        """One handle fewer is taken."""


class FreshHandles:
    """A new handle for each use, closed after it: CES's way."""

    def __init__(self, curl: Curl) -> None:
        self._curl = curl

    async def take(self) -> CurlHandle:
        """A new handle, not connected."""
        return self._curl.handle()

    def give_back(self, handle: CurlHandle) -> None:
        """Close the handle."""
        handle.close()

    def close(self) -> None:
        """Nothing is kept."""


class PooledHandles:
    """At most `pool_size` handles; the one used last goes out first, so that the others can grow old."""

    def __init__(
        self,
        curl: Curl,
        settings: RaConnections,
        watch: PoolWatch | None = None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._curl = curl
        self._watch = watch
        self._settings = settings
        self._now = now
        self._idle: deque[tuple[float, CurlHandle]] = deque()
        self._free = asyncio.Semaphore(settings.pool_size)

    async def take(self) -> CurlHandle:
        """A handle, connected and logged in if one is idle; CurlError 28 when all stay taken."""
        began = self._now()
        try:
            await self._acquire()
        finally:
            if self._watch:
                self._watch.waited_for_pool(self._now() - began)
        if self._watch:
            self._watch.taken_from_pool()
        self._drop_old()
        return self._idle.pop()[1] if self._idle else self._curl.handle()

    def give_back(self, handle: CurlHandle) -> None:
        """Keep the handle for the next user if it is logged in, else close it."""
        if handle.is_logged_in:
            self._idle.append((self._now(), handle))
        else:
            handle.close()
        self._drop_old()
        self._free.release()
        if self._watch:
            self._watch.back_in_pool()

    def close(self) -> None:
        """Close every idle handle."""
        while self._idle:
            self._idle.pop()[1].close()

    async def _acquire(self) -> None:
        if not self._free.locked():
            await self._free.acquire()
            return
        seconds = self._curl.connect_seconds
        try:
            async with asyncio.timeout(seconds):
                await self._free.acquire()
        except TimeoutError as error:
            text = f"Connection timed out after {round(seconds * 1000)} milliseconds"
            raise CurlError(28, text, cause="pool_exhausted") from error

    def _drop_old(self) -> None:
        oldest = self._now() - self._settings.idle_seconds
        while self._idle and self._idle[0][0] < oldest:
            self._idle.popleft()[1].close()


def handles(curl: Curl, settings: RaConnections, watch: PoolWatch | None = None) -> Handles:
    """Handles as the settings want them; `watch` counts those of a pool."""
    return PooledHandles(curl, settings, watch) if settings.reuse_connections else FreshHandles(curl)
