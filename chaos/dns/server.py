"""The sockets: UDP, and TCP on the same port (RFC 7766)."""

import asyncio
import contextlib
import errno
import socket
from functools import partial
from typing import Any, cast

from chaos.dns.desk import Desk

_IDLE_SECONDS = 10.0
_MOST_CONNECTIONS = 1000
_MOST_UNREAD_BYTES = 1_000_000
_LENGTH_BYTES = 2
_PORT_ATTEMPTS = 20


class _Udp(asyncio.DatagramProtocol):
    """One packet in, one packet out."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str | Any, int]) -> None:
        self._desk.take(data, "udp", partial(self._send, addr))

    def error_received(self, exc: Exception) -> None:
        """A client's port was closed meanwhile: UDP has nobody to tell."""

    def _send(self, addr: tuple[str | Any, int], packet: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.sendto(packet, addr)


class _Tcp(asyncio.Protocol):
    """Queries under their lengths, answered as they get ready: a late one holds up no other."""

    def __init__(self, server: "DnsServer") -> None:
        self._server = server
        self._unread = bytearray()
        self._idle: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self._server.connections.add(self)
        if len(self._server.connections) > _MOST_CONNECTIONS:
            self.transport.abort()
        self._wait()

    def data_received(self, data: bytes) -> None:
        self._wait()
        self._unread += data
        while (packet := self._next_packet()) is not None:
            self._server.desk.take(packet, "tcp", self._send)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        self._server.connections.discard(self)
        if self._idle is not None:
            self._idle.cancel()

    def _next_packet(self) -> bytes | None:
        if len(self._unread) < _LENGTH_BYTES:
            return None
        end = _LENGTH_BYTES + int.from_bytes(self._unread[:_LENGTH_BYTES])
        if len(self._unread) < end:
            return None
        packet = bytes(self._unread[_LENGTH_BYTES:end])
        del self._unread[:end]
        return packet

    def _send(self, packet: bytes) -> None:
        if self.transport.is_closing():
            return
        self.transport.write(len(packet).to_bytes(_LENGTH_BYTES) + packet)
        self._wait()
        if self.transport.get_write_buffer_size() > _MOST_UNREAD_BYTES:
            self.transport.abort()

    def _wait(self) -> None:
        if self._idle is not None:
            self._idle.cancel()
        self._idle = asyncio.get_running_loop().call_later(_IDLE_SECONDS, self.transport.abort)


class DnsServer:
    """Listens for queries on one port, over UDP and TCP; `start` it once, `stop` it always."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.connections: set[_Tcp] = set()
        self._listener: asyncio.Server | None = None
        self._udp: asyncio.DatagramTransport | None = None

    async def start(self, host: str, port: int) -> tuple[str, int]:
        """Listen on `host`:`port` (0: a port free for both); returns the address.

        OSError when it is taken.
        """
        for _ in range(_PORT_ATTEMPTS - 1):
            try:
                return await self._start(host, port)
            except OSError as error:
                if port or error.errno != errno.EADDRINUSE:
                    raise
        return await self._start(host, port)

    async def _start(self, host: str, port: int) -> tuple[str, int]:
        loop = asyncio.get_running_loop()
        self._listener = await loop.create_server(lambda: _Tcp(self), host, port, backlog=1024)
        listening = self._listener.sockets[0]
        bound = listening.getsockname()
        try:
            udp = _bound_udp(listening.family, bound)
        except OSError:
            await self.stop()
            raise
        self._udp, _ = await loop.create_datagram_endpoint(lambda: _Udp(self.desk), sock=udp)
        return bound[0], bound[1]

    async def stop(self) -> None:
        """Give the port back and drop every connection."""
        if self._udp is not None:
            self._udp.abort()
            self._udp = None
        if self._listener is None:
            return
        self._listener.close()
        for connection in tuple(self.connections):
            connection.transport.abort()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._listener.wait_closed(), 1.0)
        self._listener = None


def _bound_udp(family: int, address: tuple[Any, ...]) -> socket.socket:
    # uvloop's own binding loses the errno.
    udp = socket.socket(family, socket.SOCK_DGRAM)
    try:
        udp.setblocking(False)
        udp.bind(address)
    except OSError:
        udp.close()
        raise
    return udp
