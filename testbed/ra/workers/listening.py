"""The RA's listening socket, what the kernel knows of its queue, and who takes connections from it.

The socket is bound once and shared by all worker processes, as NGINX's is. Workers that serve one
enrollment at a time take no connection meanwhile, so those wait in the kernel's accept queue.
"""

import asyncio
import contextlib
import errno
import socket
import struct
from collections.abc import AsyncIterator

from exporters.ra import RaMetrics
from testbed.errors import SettingsError
from testbed.ra.workers.turns import Turns
from testbed.web.server import HttpServer

# struct tcp_info of Linux: where these unsigned 32-bit numbers stand.
_UNACKED, _SACKED, _LAST_DATA_RECV, _TCP_INFO_BYTES = 24, 28, 52, 60


def listen(host: str, port: int, queue: int) -> socket.socket:
    """A socket that listens there and holds `queue` connections; SettingsError when it cannot."""
    try:
        listener = socket.create_server((host, port), backlog=queue)
    except OSError as error:
        raise _listen_error(host, port, error) from error
    listener.setblocking(False)
    return listener


def queued(listener: socket.socket) -> tuple[int, int]:
    """How many connections wait to be accepted, and how many may; (0, 0) where the kernel does not say."""
    info = _tcp_info(listener)
    return (_number(info, _UNACKED), _number(info, _SACKED)) if info else (0, 0)


def waited_seconds(accepted: socket.socket) -> float | None:
    """How long ago the client's last bytes came, for a connection just accepted: its time in the queue.

    Without bytes, the time since the connection was made. None where the kernel does not say.
    """
    info = _tcp_info(accepted)
    return _number(info, _LAST_DATA_RECV) / 1000 if info else None


class OneConnectionEach:
    """Each worker takes a connection when its last one has ended, silence included: libEST's way."""

    def __init__(self, server: HttpServer, metrics: RaMetrics, workers: int) -> None:
        self._server, self._metrics = server, metrics
        self._free = asyncio.Semaphore(workers)

    async def run(self, listener: socket.socket) -> None:
        """Serve until cancelled."""
        async with asyncio.TaskGroup() as connections:
            while True:
                await self._free.acquire()
                connections.create_task(self._serve(await _accept(listener, self._metrics)))

    async def _serve(self, accepted: socket.socket) -> None:
        try:
            with self._metrics.workers_busy.track_inprogress():
                await self._server.serve(accepted)
        finally:
            self._free.release()


class WhileWorkerIsFree:
    """Takes connections, any number, while no enrollment is being served: handshakes hold nobody up."""

    def __init__(self, server: HttpServer, metrics: RaMetrics, turns: Turns) -> None:
        self._server, self._metrics, self._turns = server, metrics, turns
        self._accepting: asyncio.Task[socket.socket] | None = None
        self._free = asyncio.Event()
        turns.busy_changed = self._changed
        self._changed()

    async def run(self, listener: socket.socket) -> None:
        """Serve until cancelled."""
        async with asyncio.TaskGroup() as connections:
            while True:
                await self._free.wait()
                self._accepting = asyncio.create_task(_accept(listener, self._metrics))
                try:
                    accepted = await self._accepting
                except asyncio.CancelledError:
                    if not self._free.is_set():
                        continue  # an enrollment has begun
                    self._accepting.cancel()
                    raise
                connections.create_task(self._server.serve(accepted))

    def _changed(self) -> None:
        if not self._turns.busy:
            self._free.set()
            return
        self._free.clear()
        if self._accepting is not None:
            self._accepting.cancel()


@contextlib.asynccontextmanager
async def accepting(
    server: HttpServer, listener: socket.socket, metrics: RaMetrics, turns: Turns, holding: int
) -> AsyncIterator[None]:
    """Connections are served while the context lasts, as blocking workers do.

    So many workers are `holding` a connection each; 0: it is only enrollments that hold a worker.
    """
    way: OneConnectionEach | WhileWorkerIsFree
    if holding:
        way = OneConnectionEach(server, metrics, holding)
    else:
        way = WhileWorkerIsFree(server, metrics, turns)
    task = asyncio.create_task(way.run(listener))
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def _accept(listener: socket.socket, metrics: RaMetrics) -> socket.socket:
    accepted, _ = await asyncio.get_running_loop().sock_accept(listener)
    accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    seconds = waited_seconds(accepted)
    if seconds is not None:
        metrics.accept_wait_seconds.observe(seconds)
    return accepted


def _tcp_info(tcp: socket.socket) -> bytes | None:
    option = getattr(socket, "TCP_INFO", None)
    if option is None:
        return None
    try:
        return tcp.getsockopt(socket.IPPROTO_TCP, option, _TCP_INFO_BYTES)
    except OSError:
        return None


def _number(info: bytes, offset: int) -> int:
    return int(struct.unpack_from("=I", info, offset)[0])


def _listen_error(host: str, port: int, error: OSError) -> SettingsError:
    if error.errno == errno.EADDRINUSE:
        taken = f"port {port} on {host} is in use"
        return SettingsError(f"ra.port: {taken}; choose another, or 0 for any free port")
    return SettingsError(f"the RA cannot listen on {host}:{port}: {error.strerror or error}")
