"""An HTTP/1.1 server over TLS whose sessions see the connection they run on.

A `Session` is made for each connection and dies with it, so that what belongs to a connection (NTLM's
state, the client's certificate, tls-unique) is an attribute of the session and nowhere else.
"""

import asyncio
import contextlib
import enum
import socket
import ssl
import struct
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol, cast

import httptools

from testbed.web.messages import Header, Headers, Limits, Request, Response

# The address of a client that had reset its connection before it could be asked for.
_GONE = ("-", 0)


_LINGER_ZERO = struct.pack("ii", 1, 0)


class Refusal(enum.Enum):
    """Why a request was refused before it was complete."""

    MALFORMED = "malformed"
    HEADERS_TOO_LARGE = "headers too large"
    BODY_TOO_LARGE = "body too large"
    TOO_SLOW = "too slow"


@dataclass(frozen=True, slots=True)
class Peer:
    """One connection: a number unique to this server, both addresses, and its TLS session.

    `gone` is set once the connection is lost.
    """

    number: int
    client_host: str
    client_port: int
    server_host: str
    server_port: int
    tls: ssl.SSLObject | None
    gone: asyncio.Event = field(default_factory=asyncio.Event, compare=False)

    def certificate_der(self) -> bytes | None:
        """The client's certificate in DER, or None when it sent none."""
        return self.tls.getpeercert(binary_form=True) if self.tls else None

    def tls_unique(self) -> bytes | None:
        """The tls-unique channel binding (RFC 5929 section 3); meaningful on TLS 1.2 and older only."""
        return self.tls.get_channel_binding("tls-unique") if self.tls else None


class Session(Protocol):
    """What serves the requests of one connection, one after the other."""

    async def respond(self, request: Request) -> Response:
        """The answer to one request; must not raise."""
        ...

    def refuse(self, refusal: Refusal) -> Response | None:
        """The answer to a request that cannot be read, or None to close without a word."""
        ...

    def finished(self, request: Request, response: Response, *, delivered: bool) -> None:
        """Called once an answer was handed to the network, or could not be: the client had gone."""
        ...


SessionFactory = Callable[[Peer], Session]


class _Connection(asyncio.Protocol):
    """One client connection: bytes in, requests to the session in order, bytes out."""

    def __init__(self, server: "HttpServer") -> None:
        self._server = server
        self._limits = server.limits
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[Request] = deque()
        self._worker: asyncio.Task[None] | None = None
        self._deadline: asyncio.TimerHandle | None = None
        self._refusal: Refusal | None = None
        self._writable = asyncio.Event()
        self._writable.set()
        self._closed = False
        self._finishing = False
        self._parser = httptools.HttpRequestParser(self)
        self._in_body, self._unparsed_bytes, self._field_bytes = False, 0, 0

    # -- asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        client = transport.get_extra_info("peername") or _GONE
        server = transport.get_extra_info("sockname") or _GONE
        tls = transport.get_extra_info("ssl_object")
        self._peer = Peer(self._server.next_number(), client[0], client[1], server[0], server[1], tls)
        self._session = self._server.session_factory(self._peer)
        self._server.connections.add(self)
        self._wait_for_request()

    def data_received(self, data: bytes) -> None:
        if self._refusal:
            return
        self._unparsed_bytes += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            pass  # served as if it had not asked (RFC 9110 section 7.8), and as the connection's last
        except httptools.HttpParserError:
            self._refuse(Refusal.MALFORMED)
        if not self._in_body and self._unparsed_bytes > self._limits.header_bytes:
            self._refuse(Refusal.HEADERS_TOO_LARGE)

    def eof_received(self) -> bool:
        return False

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        self._closed = True
        self._peer.gone.set()
        self._writable.set()
        self._server.connections.discard(self)
        if self._deadline:
            self._deadline.cancel()

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    # -- httptools callbacks

    def on_message_begin(self) -> None:
        self._target = b""
        self._field_bytes = 0
        self._pairs: list[Header] = []
        self._body: list[bytes] = []
        self._body_bytes = 0

    def on_url(self, url: bytes) -> None:
        self._target += url
        self._field_bytes += len(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._field_bytes += len(name) + len(value) + 4
        if self._field_bytes > self._limits.header_bytes:
            self._refuse(Refusal.HEADERS_TOO_LARGE)  # trailers count too
        else:
            self._pairs.append((name.decode("latin-1"), value.decode("latin-1")))

    def on_headers_complete(self) -> None:
        self._in_body = True
        if self._field_bytes > self._limits.header_bytes:
            self._refuse(Refusal.HEADERS_TOO_LARGE)
        elif self._declared_body_bytes() > self._limits.body_bytes:
            self._refuse(Refusal.BODY_TOO_LARGE)
        elif self._expects_continue():
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, body: bytes) -> None:
        self._body_bytes += len(body)
        if self._body_bytes > self._limits.body_bytes:
            self._refuse(Refusal.BODY_TOO_LARGE)
        else:
            self._body.append(body)

    def on_message_complete(self) -> None:
        self._in_body, self._unparsed_bytes, self._field_bytes = False, 0, 0
        if self._refusal:
            return
        path, _, query = self._target.decode("latin-1").partition("?")
        method, version = self._parser.get_method().decode("ascii"), self._parser.get_http_version()
        headers, body = Headers(self._pairs), b"".join(self._body)
        keep_alive = self._parser.should_keep_alive() and not self._parser.should_upgrade()
        self._waiting.append(Request(method, path, query, headers, body, version, keep_alive))
        if len(self._waiting) >= self._limits.requests_ahead:
            self._transport.pause_reading()
        if self._worker is None:
            self._worker = self._loop.create_task(self._serve())

    # -- own

    def _declared_body_bytes(self) -> int:
        declared = next((v for n, v in self._pairs if n.lower() == "content-length"), "")
        return int(declared) if declared.isdigit() else 0

    def _expects_continue(self) -> bool:
        return any(n.lower() == "expect" and v.lower() == "100-continue" for n, v in self._pairs)

    async def _serve(self) -> None:
        self._stop_waiting()
        try:
            while self._waiting and not self._closed:
                request = self._waiting.popleft()
                self._answer(request, await self._session.respond(request))
                await self._drained()
        except Exception:
            self._transport.abort()  # a defect of the session must not leave its client waiting
            raise
        self._worker = None
        if self._refusal:
            self._send_refusal(self._refusal)
        elif not self._closed:
            self._transport.resume_reading()
            self._wait_for_request()

    def _answer(self, request: Request, response: Response) -> None:
        delivered = not (self._closed or self._transport.is_closing())
        last = response.close or not request.keep_alive or self._finishing
        if response.reset:
            self._reset()
        elif delivered:
            self._transport.write(response.encode(with_body=request.method != "HEAD", close=last))
        self._session.finished(request, response, delivered=delivered)
        if last or response.cut_bytes is not None:
            self._waiting.clear()
            self._transport.close()

    def _reset(self) -> None:
        """Drop the connection so that the client's kernel sees RST, not an orderly end."""
        tcp = self._transport.get_extra_info("socket")
        if tcp is not None:
            tcp.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_ZERO)
        self._waiting.clear()
        self._transport.abort()

    async def _drained(self) -> None:
        """Wait until a slow reader has taken its answers; drop one that never does."""
        if self._writable.is_set():
            return
        try:
            await asyncio.wait_for(self._writable.wait(), self._limits.request_seconds)
        except TimeoutError:
            self._waiting.clear()
            self._transport.abort()

    def _wait_for_request(self) -> None:
        self._stop_waiting()
        self._deadline = self._loop.call_later(self._limits.request_seconds, self._refuse, Refusal.TOO_SLOW)

    def _stop_waiting(self) -> None:
        if self._deadline:
            self._deadline.cancel()
            self._deadline = None

    def _refuse(self, refusal: Refusal) -> None:
        if self._refusal or self._closed:
            return
        self._refusal = refusal
        if self._worker is None:
            self._send_refusal(refusal)

    def _send_refusal(self, refusal: Refusal) -> None:
        response = self._session.refuse(refusal)
        if response is not None and not self._transport.is_closing():
            self._transport.write(response.encode())
        self._transport.close()

    def finish(self) -> None:
        """Close the connection, after the answer that is due if there is one."""
        self._finishing = True
        if self._worker is None:
            self._transport.close()

    async def gone(self) -> None:
        """Wait until the connection is lost."""
        await self._peer.gone.wait()

    async def idle(self) -> None:
        """Wait until no request is being answered."""
        if self._worker is not None:
            await asyncio.wait((self._worker,))

    def abort(self) -> None:
        """Drop the connection now, without a TLS close."""
        if self._worker:
            self._worker.cancel()
        self._transport.abort()


class HttpServer:
    """Listens on one address and serves each connection with a session of its own.

    Use as an async context manager; leaving it stops listening and drops every connection.
    """

    def __init__(
        self, session_factory: SessionFactory, tls: ssl.SSLContext | None, limits: Limits | None = None
    ) -> None:
        self.session_factory = session_factory
        self.limits = limits or Limits()
        self.connections: set[_Connection] = set()
        self._tls = tls
        self._number = 0
        self._backlog = 1024
        self._listener: asyncio.Server | None = None

    def next_number(self) -> int:
        """The number of the next connection, counted from 1 as NGINX does."""
        self._number += 1
        return self._number

    async def start(self, host: str, port: int) -> tuple[str, int]:
        """Listen on `host`:`port` (0 for any free port); returns the address bound to.

        Raises OSError when the port is taken.
        """
        self._listener = await asyncio.get_running_loop().create_server(
            lambda: _Connection(self), host, port, ssl=self._tls, backlog=self._backlog,
            ssl_handshake_timeout=self._handshake_seconds,
        )  # fmt: skip
        bound = self._listener.sockets[0].getsockname()
        return bound[0], bound[1]

    async def start_on(self, listener: socket.socket, backlog: int) -> None:
        """Serve what arrives at a socket that is bound already, perhaps shared with other processes."""
        self._backlog = backlog
        self._listener = await asyncio.get_running_loop().create_server(
            lambda: _Connection(self), sock=listener, ssl=self._tls, backlog=backlog,
            ssl_handshake_timeout=self._handshake_seconds,
        )  # fmt: skip

    async def present(self, tls: ssl.SSLContext) -> None:
        """Secure those who connect from now on with `tls`; the connections there are stay as they are."""
        self._tls = tls
        old = self._listener
        if old is None:
            return
        # The same socket in the kernel, so that whoever waits in its queue is served too.
        await self.start_on(old.sockets[0].dup(), self._backlog)
        old.close()

    async def serve(self, accepted: socket.socket, *, to_the_end: bool = False) -> None:
        """Serve one accepted connection until it ends, whether or not its TLS handshake ever does.

        `to_the_end`: and until the answer that was due when its client went is made, which nobody gets.
        """
        connection = _Connection(self)
        try:
            await asyncio.get_running_loop().connect_accepted_socket(
                lambda: connection, accepted, ssl=self._tls,
                ssl_handshake_timeout=self._handshake_seconds,
            )  # fmt: skip
        except OSError:
            return  # the handshake failed, or its time was up
        await connection.gone()
        if to_the_end:
            await connection.idle()

    @property
    def _handshake_seconds(self) -> float | None:
        return self.limits.handshake_seconds if self._tls else None

    def stop_listening(self) -> None:
        """Take no more connections; those there are go on."""
        if self._listener is not None:
            self._listener.close()

    async def drain(self, seconds: float) -> None:
        """Stop listening, and let the answers that are due within `seconds` be given."""
        self.stop_listening()
        lost = [connection.gone() for connection in self.connections]
        for connection in tuple(self.connections):
            connection.finish()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.gather(*lost), seconds)

    async def stop(self) -> None:
        """Stop listening and drop every connection."""
        for connection in tuple(self.connections):
            connection.abort()
        if self._listener is None:
            return
        self._listener.close()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._listener.wait_closed(), 1.0)
        self._listener = None
