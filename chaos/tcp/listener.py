"""Accepts clients on one address and hands each over as a socket that does not block."""

import asyncio
import contextlib
import errno
import socket
from collections.abc import Callable

from chaos.alarms import Cancellable, Clock

_ACCEPTS_AT_ONCE = 64
# Out of file descriptors: the client waits in the kernel's queue, and the loop must not spin meanwhile.
_EXHAUSTED = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
_PAUSE_SECONDS = 0.1


class Listener:
    """Calls `accepted` with every client until it is closed."""

    def __init__(
        self, listening: socket.socket, clock: Clock, accepted: Callable[[socket.socket], None]
    ) -> None:
        self._socket = listening
        self._clock = clock
        self._accepted = accepted
        self._loop = asyncio.get_running_loop()
        self._pause: Cancellable | None = None
        self._loop.add_reader(listening, self._acceptable)

    def close(self) -> None:
        """Accept no more; who waits in the queue is refused."""
        if self._pause is None:
            self._loop.remove_reader(self._socket)
        else:
            self._pause.cancel()
        self._socket.close()

    def _acceptable(self) -> None:
        for _ in range(_ACCEPTS_AT_ONCE):
            try:
                client, _ = self._socket.accept()
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno in _EXHAUSTED:
                    self._rest()
                    return
                continue  # that client has gone again
            client.setblocking(False)
            with contextlib.suppress(OSError):  # where a client that has gone cannot be set up any more
                client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._accepted(client)

    def _rest(self) -> None:
        self._loop.remove_reader(self._socket)
        self._pause = self._clock.at(self._clock.now() + _PAUSE_SECONDS, self._resume)

    def _resume(self) -> None:
        self._pause = None
        self._loop.add_reader(self._socket, self._acceptable)
