"""An HTTP/1.1 client connection that says how far it came.

One object is one TCP and TLS connection, as one curl handle is. Errors are the platform's own (`OSError`,
`ssl.SSLError`, `TimeoutError`, `httptools.HttpParserError`); whoever drives the connection translates them
once, with the connection's `phase` and `received_bytes` at hand.
"""

import asyncio
import enum
import socket
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import httptools

from testbed.web.messages import Header, Headers, Reply

# What libEST's client takes of one answer.
REPLY_LIMIT_BYTES = 2_000_000


class Phase(enum.Enum):
    """What a connection is waiting for."""

    RESOLVE = "resolve"
    CONNECT = "connect"
    TLS = "tls"
    REPLY = "reply"


class ConnectionClosed(OSError):
    """The server closed the connection before its answer was complete."""


class ReplyTooLarge(OSError):
    """The server's answer is longer than the connection takes."""


class NameNotResolved(OSError):
    """The origin's name has no address; the text says why."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a connection goes: the URL's host name, the address it stands for, and the port."""

    host: str
    port: int
    address: str | None = None

    @property
    def authority(self) -> str:
        """`host:port` as it stands in a URL."""
        return f"{self.host}:{self.port}"


Resolve = Callable[[Origin], Awaitable[str]]


async def system_address(origin: Origin) -> str:
    """The first address that this system has for the origin's name; socket.gaierror when it has none."""
    found = await asyncio.get_running_loop().getaddrinfo(origin.host, origin.port, proto=6)
    return str(found[0][4][0])


class HttpConnection(asyncio.Protocol):
    """One connection to one origin. `open` it, `send` requests one after another, `close` it.

    Of the answer that is being read, `received_bytes` are all its bytes, `body_bytes` those of its body, and
    `declared_bytes` what its Content-Length promised (None before or without one). An answer of more than
    `limit_bytes` in all ends the connection. `resolve` finds the address of an origin that comes without one.
    """

    def __init__(
        self,
        origin: Origin,
        tls: ssl.SSLContext,
        limit_bytes: int = REPLY_LIMIT_BYTES,
        resolve: Resolve = system_address,
    ) -> None:
        self.origin = origin
        self._resolve = resolve
        self.phase = Phase.RESOLVE
        self.received_bytes = 0
        self.body_bytes = 0
        self.declared_bytes: int | None = None
        self._limit_bytes = limit_bytes
        self._tls = tls
        self._transport: asyncio.Transport | None = None
        self._reply: asyncio.Future[Reply] | None = None
        self._method = ""

    async def open(self) -> None:
        """Connect and complete the TLS handshake."""
        loop = asyncio.get_running_loop()
        self.phase = Phase.RESOLVE
        address = self.origin.address or await self._resolve(self.origin)
        self.phase = Phase.CONNECT
        tcp = await _connected(address, self.origin.port)
        self.phase = Phase.TLS
        # Not start_tls: uvloop's gives a dead transport back when the server has closed before it.
        try:
            tls, _ = await loop.create_connection(
                lambda: self, sock=tcp, ssl=self._tls, server_hostname=self.origin.host
            )
        except BaseException:
            tcp.detach()  # libuv has closed it, and may have given its number away
            raise
        self._transport = tls
        self.phase = Phase.REPLY

    @property
    def is_open(self) -> bool:
        """Whether a request can be sent."""
        return self._transport is not None and not self._transport.is_closing()

    async def send(self, method: str, target: str, headers: tuple[Header, ...], body: bytes = b"") -> Reply:
        """Send one request and wait for its whole answer."""
        if self._transport is None or self._transport.is_closing():
            raise ConnectionClosed("the connection is closed")
        self._method = method
        self.received_bytes, self.body_bytes, self.declared_bytes = 0, 0, None
        self._in_body = False
        self._reply = asyncio.get_running_loop().create_future()
        self._parser = httptools.HttpResponseParser(self)
        self._transport.write(_encode(method, target, headers, body))
        try:
            return await self._reply
        finally:
            self._reply = None

    def peer_certificate_der(self) -> bytes | None:
        """The server's certificate in DER; None before the TLS handshake."""
        tls = self._transport.get_extra_info("ssl_object") if self._transport else None
        return tls.getpeercert(binary_form=True) if tls else None

    def close(self) -> None:
        """Close the connection; safe to call at any time."""
        if self._transport is not None:
            self._transport.abort()
            self._transport = None

    # -- asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        pass

    def data_received(self, data: bytes) -> None:
        self.received_bytes += len(data)
        if self._reply is None or self._reply.done():
            self._drop_surplus()
            return
        if self.received_bytes > self._limit_bytes:
            self._fail(ReplyTooLarge(f"more than {self._limit_bytes} bytes"))
            self.close()
            return
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            self._fail(error)
            self.close()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._reply is not None and not self._reply.done() and not self._ends_with_close():
            self._fail(exc or ConnectionClosed("the server closed the connection"))

    # -- httptools callbacks

    def on_message_begin(self) -> None:
        if self._reply is None or self._reply.done():
            self._drop_surplus()
        self._pairs: list[Header] = []
        self._body: list[bytes] = []
        self._in_body = False

    def on_header(self, name: bytes, value: bytes) -> None:
        self._pairs.append((name.decode("latin-1"), value.decode("latin-1")))

    def on_headers_complete(self) -> None:
        self._in_body = True
        self.declared_bytes = self._content_length()
        if self._method == "HEAD":
            self._complete()

    def on_body(self, body: bytes) -> None:
        self.body_bytes += len(body)
        self._body.append(body)

    def on_message_complete(self) -> None:
        self._complete()

    # -- own

    def _drop_surplus(self) -> None:
        """Bytes that nobody asked for must not become the next answer."""
        self.close()

    def _complete(self) -> None:
        status = self._parser.get_status_code()
        if self._reply is None or self._reply.done() or status < 200:
            return
        keep_alive = self._parser.should_keep_alive()
        self._reply.set_result(Reply(status, Headers(self._pairs), b"".join(self._body), keep_alive))

    def _ends_with_close(self) -> bool:
        """Whether the answer has neither length nor chunks, so that the close ends it (RFC 9112, 6.3)."""
        if not self._in_body or self.declared_bytes is not None:
            return False
        if Headers(self._pairs).get("transfer-encoding") is not None:
            return False
        self._complete()
        return True

    def _content_length(self) -> int | None:
        declared = Headers(self._pairs).get("content-length")
        return int(declared) if declared is not None else None

    def _fail(self, error: Exception) -> None:
        if self._reply is not None and not self._reply.done():
            self._reply.set_exception(error)


async def _connected(address: str, port: int) -> socket.socket:
    tcp = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
    try:
        tcp.setblocking(False)
        tcp.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await asyncio.get_running_loop().sock_connect(tcp, (address, port))
    except BaseException:
        tcp.close()
        raise
    return tcp


def _encode(method: str, target: str, headers: tuple[Header, ...], body: bytes) -> bytes:
    lines = [f"{method} {target} HTTP/1.1\r\n", *(f"{name}: {value}\r\n" for name, value in headers), "\r\n"]
    return "".join(lines).encode("latin-1") + body
