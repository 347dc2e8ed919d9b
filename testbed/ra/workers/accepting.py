"""Who takes connections from the RA's listening socket, and when.

Workers that serve one enrollment at a time take no connection meanwhile, and nobody takes more than the
settings allow: what is not taken waits in the kernel's accept queue.
"""

import asyncio
import contextlib
import socket
import time
from collections.abc import AsyncIterator
from contextlib import AbstractContextManager

from exporters.ra import RaMetrics
from testbed.ra.capacity_settings import RaWorkers
from testbed.ra.logs.logbook import Logbook
from testbed.ra.workers.listening import waited_seconds
from testbed.ra.workers.turns import Turns
from testbed.web.server import HttpServer

# NGINX's accept_mutex_delay: how long it takes no connections when it has no files left.
_PAUSE_SECONDS = 0.5


class Acceptor:
    """Takes connections while there is room for them and, where `turns` are taken, a worker is free.

    `hold`: each connection holds a worker from accept to close, silence included, and beyond it while the
    worker waits for the CA, since it does not look at its client meanwhile: libEST's way. Any number of
    connections wait for a worker otherwise, so that handshakes and silence hold nobody up.
    """

    def __init__(
        self,
        server: HttpServer,
        workers: RaWorkers,
        metrics: RaMetrics,
        turns: Turns,
        logbook: Logbook,
        *,
        hold: bool,
    ) -> None:
        self._server, self._metrics, self._turns, self._logbook = server, metrics, turns, logbook
        self._hold = hold
        room = min(workers.each, workers.connections) if hold else workers.connections
        self._room = asyncio.Semaphore(room)
        self._free = asyncio.Event()
        self._serving: set[asyncio.Task[None]] = set()
        turns.busy_changed = self._changed
        self._changed()

    @contextlib.asynccontextmanager
    async def accepting(self, listener: socket.socket) -> AsyncIterator[None]:
        """Connections are served while the context lasts; `listener` is closed after it."""
        task = asyncio.create_task(self._accept_all(listener))
        try:
            yield
        finally:
            tasks = (task, *self._serving)
            for each in tasks:
                each.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            listener.close()

    async def _accept_all(self, listener: socket.socket) -> None:
        while True:
            await self._room.acquire()
            task = asyncio.create_task(self._serve(await self._accept(listener)))
            self._serving.add(task)
            task.add_done_callback(self._serving.discard)
            await asyncio.sleep(0)  # another process may take the next

    async def _accept(self, listener: socket.socket) -> socket.socket:
        while True:
            await self._free.wait()
            try:
                accepted, _ = listener.accept()
            except BlockingIOError:
                await _readable(listener)
            except ConnectionAbortedError:
                continue
            except OSError as error:
                self._logbook.cannot_accept(error, time.time())
                await asyncio.sleep(_PAUSE_SECONDS)
            else:
                return accepted

    async def _serve(self, accepted: socket.socket) -> None:
        accepted.setblocking(False)
        try:
            with contextlib.suppress(OSError):  # it is reset already
                accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            seconds = waited_seconds(accepted)
            if seconds is not None:
                self._metrics.accept_wait_seconds.observe(seconds)
            with self._metrics.connections.track_inprogress(), self._worker():
                await self._server.serve(accepted, to_the_end=self._hold)
        finally:
            self._room.release()

    def _worker(self) -> AbstractContextManager[None]:
        return self._metrics.busy_worker() if self._hold else contextlib.nullcontext()

    def _changed(self) -> None:
        if self._turns.busy:
            self._free.clear()
        else:
            self._free.set()


async def _readable(listener: socket.socket) -> None:
    loop, ready = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(listener, ready.set)
    try:
        await ready.wait()
    finally:
        loop.remove_reader(listener)
