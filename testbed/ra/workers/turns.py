"""Whose turn it is at workers that serve one enrollment at a time."""

import asyncio
import time
from collections.abc import Callable

from exporters.ra import RaMetrics


class Turns:
    """One enrollment at a time for each of so many `workers`, the others wait in order; 0: all go at once.

    `busy_changed` is told when a worker starts and ends to be busy.
    """

    def __init__(self, metrics: RaMetrics, workers: int) -> None:
        self._metrics = metrics
        self._worker = asyncio.Semaphore(workers) if workers else None
        self.busy_changed: Callable[[], None] = lambda: None

    @property
    def busy(self) -> bool:
        """Whether an enrollment would have to wait."""
        return self._worker is not None and self._worker.locked()

    async def begin(self) -> None:
        """Wait for a worker; the wait is measured apart from what follows."""
        if self._worker is None:
            return
        started = time.perf_counter()
        with self._metrics.waiting.track_inprogress():
            await self._worker.acquire()
        self._metrics.worker_wait_seconds.observe(time.perf_counter() - started)
        self._metrics.worker_begins()
        self.busy_changed()

    def end(self) -> None:
        """A worker is free."""
        if self._worker is None:
            return
        self._worker.release()
        self._metrics.worker_ends()
        self.busy_changed()
