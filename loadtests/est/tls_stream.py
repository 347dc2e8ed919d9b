"""A client's TLS connection that says how far it came and bounds every step.

TLS runs over memory buffers, the socket is read and written here: so connecting and the handshake have
deadlines of their own (a peer that drips handshake bytes cannot stretch them), a read times out as libEST's
does, and the client's last handshake message travels with its request. It works the same on plain sockets
and on those that gevent has replaced.
"""

import contextlib
import enum
import socket
import ssl
import time
from dataclasses import dataclass
from typing import Protocol

_CHUNK_BYTES = 65_536


class Stage(enum.Enum):
    """What a connection is at."""

    RESOLVE = "resolving the name"
    CONNECT = "connecting"
    TLS = "TLS handshake"
    SEND = "sending"
    RECEIVE = "waiting for the answer"


@dataclass(frozen=True, slots=True)
class Timers:
    """How long a client waits: to connect, for the handshake as a whole, for each read.

    The read timer is libEST's, 10 s by default and started anew with every byte. libEST has none for
    connecting and for the handshake and hangs on a silent peer (measured past 25 s); these two exist so
    that a run is bounded.

    It also lets the server wait: TCP acknowledges late, up to 40 ms, and a server that writes its answer in
    pieces without TCP_NODELAY sends no second piece before. Phones see that too. With `quick_ack` (Linux)
    each read acknowledges at once, so that only the server's own time is left.
    """

    connect_seconds: float = 10.0
    handshake_seconds: float = 10.0
    read_seconds: float = 10.0
    quick_ack: bool = False

    @property
    def total_seconds(self) -> float:
        """How long a client waits at most for a peer that stays silent."""
        return self.connect_seconds + self.handshake_seconds + 2 * self.read_seconds


class TlsObject(Protocol):
    """One connection's TLS over two buffers, such as `ssl.SSLObject`."""

    def do_handshake(self) -> None:
        """Go on with the handshake."""
        ...

    def write(self, data: bytes, /) -> int:
        """Encrypt `data`."""
        ...

    def read(self, size: int, /) -> bytes:
        """Decrypted bytes."""
        ...

    def unwrap(self) -> None:
        """Say that this end closes."""
        ...

    def version(self) -> str | None:
        """Such as `TLSv1.3`."""
        ...

    def get_channel_binding(self, kind: str, /) -> bytes | None:
        """The session's binding of that kind."""
        ...


class TlsContext(Protocol):
    """What connections share, such as `ssl.SSLContext`."""

    def wrap_bio(
        self, incoming: ssl.MemoryBIO, outgoing: ssl.MemoryBIO, *, server_hostname: str
    ) -> TlsObject:
        """A client's end of a connection to `server_hostname`."""
        ...


class TlsStream:
    """One TLS connection. Errors are the platform's (`OSError`, of which `ssl.SSLError` is one).

    `stage` tells where it was when one was raised. `close` it in any case.
    """

    def __init__(self, context: TlsContext, host: str, timers: Timers) -> None:
        self.stage = Stage.RESOLVE
        self._timers = timers
        self._received, self._to_send = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._received, self._to_send, server_hostname=host)
        self._socket: socket.socket | None = None

    def connect(self, host: str, port: int) -> None:
        """Open the TCP connection; a literal address takes no detour by the resolver."""
        addresses = _addresses(host, port)
        self.stage = Stage.CONNECT
        for number, (family, address) in enumerate(addresses, start=1):
            connection = socket.socket(family, socket.SOCK_STREAM)
            try:
                connection.settimeout(self._timers.connect_seconds)
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                connection.connect(address)
            except OSError:
                connection.close()
                if number == len(addresses):
                    raise
            else:
                self._socket = connection
                return

    def handshake(self) -> None:
        """Complete the TLS handshake, the server's certificate and name checked."""
        self.stage = Stage.TLS
        deadline = time.perf_counter() + self._timers.handshake_seconds
        while True:
            try:
                self._tls.do_handshake()
            except ssl.SSLWantReadError:
                self._flush()
                self._feed(deadline - time.perf_counter())
            except ssl.SSLError:
                with contextlib.suppress(OSError):
                    self._flush()
                raise
            else:
                return

    def tls_unique(self) -> bytes | None:
        """What RFC 5929 section 3 binds to this session: 12 bytes; None above TLS 1.2, which has none."""
        return self._tls.get_channel_binding("tls-unique") if self._tls.version() == "TLSv1.2" else None

    def send(self, data: bytes) -> None:
        """Hand `data` to the network."""
        self.stage = Stage.SEND
        self._tls.write(data)
        assert self._socket is not None
        self._socket.settimeout(self._timers.read_seconds)
        self._flush()
        self.stage = Stage.RECEIVE

    def receive(self) -> bytes:
        """The next bytes; none once the server has said that it closes (TLS close_notify)."""
        while True:
            try:
                return self._tls.read(_CHUNK_BYTES)
            except ssl.SSLWantReadError:
                self._feed(self._timers.read_seconds)

    def close(self) -> None:
        """Take leave of the server without waiting for it, and close."""
        if self._socket is None:
            return
        if self.stage is Stage.RECEIVE:
            with contextlib.suppress(OSError):
                self._tls.unwrap()
            with contextlib.suppress(OSError):
                self._flush()
        self._socket.close()
        self._socket = None

    def _flush(self) -> None:
        assert self._socket is not None
        if data := self._to_send.read():
            self._socket.sendall(data)

    def _feed(self, timeout_seconds: float) -> None:
        if timeout_seconds <= 0:
            raise TimeoutError("timed out")
        assert self._socket is not None
        self._socket.settimeout(timeout_seconds)
        if self._timers.quick_ack:
            # The kernel forgets it by itself, so before each read.
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
        if data := self._socket.recv(_CHUNK_BYTES):
            self._received.write(data)
        else:
            self._received.write_eof()


def _addresses(host: str, port: int) -> list[tuple[int, tuple[str, int]]]:
    """Family and address to try, in order; raises socket.gaierror for a name nobody knows."""
    for family in (socket.AF_INET, socket.AF_INET6):
        with contextlib.suppress(OSError):
            socket.inet_pton(family, host)
            return [(family, (host, port))]
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [(family, (str(address[0]), port)) for family, _, _, _, address in found]
