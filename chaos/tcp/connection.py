"""One client's connection through a proxy: two sockets, two directions, and their common end."""

import contextlib
import socket
import struct
from collections.abc import Callable

from chaos.alarms import Clock
from chaos.tcp.direction import Direction, Stream
from chaos.tcp.draws import ConnectionFaults
from chaos.tcp.metrics import ProxyMeter

_LINGER_ZERO = struct.pack("ii", 1, 0)
# A client that never stops sending must not keep its connection from being closed.
_DISCARDED_READS = 64


class Connection:
    """Carries bytes both ways. When one direction ends, its far socket is closed whole, as Toxiproxy does.

    `closed` is called once, when both sockets are.
    """

    def __init__(
        self,
        faults: ConnectionFaults,
        client: socket.socket,
        server: socket.socket,
        shared: tuple[memoryview, Clock, ProxyMeter],
        closed: Callable[["Connection"], None],
    ) -> None:
        self.faults = faults
        self._client, self._server = client, server
        self._buffer, clock, self._meter = shared
        self._closed = closed
        self._over = False
        up = Direction("upstream", (client, server), self._buffer, clock, self)
        down = Direction("downstream", (server, client), self._buffer, clock, self)
        self.directions: dict[Stream, Direction] = {"upstream": up, "downstream": down}

    def start(self) -> None:
        """Begin to carry."""
        for direction in self.directions.values():
            if not self._over:
                direction.start()

    def direction_finished(self, direction: Direction) -> None:
        """Close the socket the direction wrote to, which ends the other direction's source."""
        up = direction is self.directions["upstream"]
        other = self.directions["downstream" if up else "upstream"]
        other.source_ended()
        self._discard_and_close(self._server if up else self._client)
        if other.finished:
            self._end()

    def delayed(self, toxic_type: str, seconds: float) -> None:
        """A toxic keeps data waiting."""
        self._meter.delayed(toxic_type, seconds)

    def reset(self) -> None:
        """Drop both sides with a TCP reset (SO_LINGER 0)."""
        for tcp in (self._client, self._server):
            with contextlib.suppress(OSError):
                tcp.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_ZERO)
        self.close()

    def close(self) -> None:
        """Drop both sides now; what is on its way is lost."""
        for direction in self.directions.values():
            direction.drop()
        self._end()

    def _end(self) -> None:
        if self._over:
            return
        self._over = True
        self._discard_and_close(self._client)
        self._discard_and_close(self._server)
        for direction in self.directions.values():
            self._meter.carried(direction.stream, direction.received_bytes, direction.outlet)
        self._closed(self)

    def _discard_and_close(self, tcp: socket.socket) -> None:
        """Close in order: unread bytes would make the kernel reset, and forget what is still to send."""
        with contextlib.suppress(OSError):
            for _ in range(_DISCARDED_READS):
                if not tcp.recv_into(self._buffer):
                    break
        tcp.close()
