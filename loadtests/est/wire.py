"""A TCP connection of which every step is bounded in time.

The socket itself never blocks. Where gevent has replaced Python's sockets, what waits is one greenlet, on
gevent's loop itself: its cooperative sockets cost an enrollment 0.05 ms more (docs/decisions.md). Elsewhere
it is the thread, in poll(2).
"""

import errno
import functools
import math
import os
import select
import socket
import sys
from collections.abc import Callable
from typing import Protocol

_CHUNK_BYTES = 16_384
_STREAM = socket.SOCK_STREAM | socket.SOCK_NONBLOCK
_UNDER_WAY = (errno.EINPROGRESS, errno.EALREADY)


class _Waiting(Protocol):
    """What waits for a socket; TimeoutError when that takes longer than `timeout_seconds`."""

    def until_readable(self, timeout_seconds: float) -> None: ...

    def until_writable(self, timeout_seconds: float) -> None: ...

    def close(self) -> None: ...


class Wire:
    """One connection, open once it is made. Errors are the platform's (`OSError`). `close` it in any case."""

    def __init__(self, family: int, address: tuple[str, int], timeout_seconds: float) -> None:
        self._socket, self._waiting = _socket_and_waiting(family)
        try:
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._connect(address, timeout_seconds)
        except BaseException:
            self.close()
            raise

    def _connect(self, address: tuple[str, int], timeout_seconds: float) -> None:
        error = self._socket.connect_ex(address)
        if error in _UNDER_WAY:
            # A server on this machine has answered by now, and to ask is cheaper than to wait.
            error = self._socket.connect_ex(address)
        if error in _UNDER_WAY:
            self._waiting.until_writable(timeout_seconds)
            error = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if error not in (0, errno.EISCONN):
            raise OSError(error, os.strerror(error))

    def send(self, data: bytes, timeout_seconds: float) -> None:
        """Hand all of `data` to the network; the time counts anew with each part that it takes."""
        rest = memoryview(data)
        while rest:
            try:
                rest = rest[self._socket.send(rest) :]
            except BlockingIOError:
                self._waiting.until_writable(timeout_seconds)

    def receive(self, timeout_seconds: float, *, quick_ack: bool = False) -> bytes:
        """The next bytes; none once the other end has closed. `quick_ack`: acknowledge them at once."""
        if timeout_seconds <= 0:
            raise TimeoutError("timed out")
        if quick_ack:
            # The kernel forgets it by itself, so before each read.
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
        while True:
            self._waiting.until_readable(timeout_seconds)
            try:
                return self._socket.recv(_CHUNK_BYTES)
            except BlockingIOError:  # what was there has been found damaged, see select(2)
                continue

    def close(self) -> None:
        """Close the connection."""
        self._waiting.close()
        self._socket.close()


def _socket_and_waiting(family: int) -> tuple[socket.socket, _Waiting]:
    monkey = sys.modules.get("gevent.monkey")
    in_hub = monkey is not None and monkey.is_module_patched("socket")
    kind, waiting = _hub_kind() if in_hub else (socket.socket, _InThread)
    connection = kind(family, _STREAM)
    return connection, waiting(connection)


@functools.cache
def _hub_kind() -> tuple[type[socket.socket], Callable[[socket.socket], _Waiting]]:
    from loadtests.est.hub_wait import HubWait, plain_socket  # noqa: PLC0415 - gevent is not everybody's

    return plain_socket(), HubWait


class _InThread:
    """Waits with the thread that it is called in."""

    def __init__(self, connection: socket.socket) -> None:
        self._descriptor = connection.fileno()

    def until_readable(self, timeout_seconds: float) -> None:
        self._wait(select.POLLIN, timeout_seconds)

    def until_writable(self, timeout_seconds: float) -> None:
        self._wait(select.POLLOUT, timeout_seconds)

    def _wait(self, events: int, timeout_seconds: float) -> None:
        poll = select.poll()
        poll.register(self._descriptor, events)
        if not poll.poll(math.ceil(timeout_seconds * 1000)):
            raise TimeoutError("timed out")

    def close(self) -> None:
        pass
