"""Waiting for a socket on gevent's loop itself, in a process whose sockets gevent has replaced."""

import contextlib
import socket

from gevent import get_hub, getcurrent, monkey  # type: ignore[import-untyped]

_READABLE, _WRITABLE = 1, 2  # gevent's marks, libev's EV_READ and EV_WRITE


def plain_socket() -> type[socket.socket]:
    """Sockets that know nothing of gevent."""
    plain: type[socket.socket] = monkey.get_original("socket", "socket")
    return plain


class HubWait:
    """Waits as gevent does; other greenlets go on. Its `Timeout` would cost each wait 3 us more."""

    def __init__(self, connection: socket.socket) -> None:
        self._descriptor = connection.fileno()
        self._hub = get_hub()
        self._readable = self._hub.loop.io(self._descriptor, _READABLE)

    def until_readable(self, timeout_seconds: float) -> None:
        """Return when there is something to read, or the other end has closed."""
        self._wait(self._readable, timeout_seconds)

    def until_writable(self, timeout_seconds: float) -> None:
        """Return when the network takes something, or the connection is made or has failed."""
        with contextlib.closing(self._hub.loop.io(self._descriptor, _WRITABLE)) as writable:
            self._wait(writable, timeout_seconds)

    def _wait(self, watcher: object, timeout_seconds: float) -> None:
        alarm = self._hub.loop.timer(timeout_seconds)
        alarm.start(getcurrent().throw, TimeoutError("timed out"))
        try:
            self._hub.wait(watcher)
        finally:
            alarm.close()

    def close(self) -> None:
        """Forget the socket."""
        self._readable.close()
