"""A client's TLS connection that says how far it came and bounds every step.

TLS runs over memory buffers, the wire is read and written here: so connecting and the handshake have
deadlines of their own (a peer that drips handshake bytes cannot stretch them), a read times out as libEST's
does, and the client's last handshake message travels with its request.
"""

import contextlib
import enum
import functools
import socket
import ssl
import time
from dataclasses import dataclass

from loadtests.est.tls_engine import TlsContext, engine_for
from loadtests.est.wire import Wire


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


class TlsStream:
    """One TLS connection. Errors are the platform's (`OSError`, of which `ssl.SSLError` is one).

    `stage` tells where it was when one was raised. `close` it in any case.
    """

    __slots__ = ("_engine", "_timers", "_wire", "stage")

    def __init__(self, context: TlsContext, host: str, timers: Timers) -> None:
        self.stage = Stage.RESOLVE
        self._timers = timers
        self._engine = engine_for(context, host)
        self._wire: Wire | None = None

    def connect(self, host: str, port: int) -> None:
        """Open the TCP connection; a literal address takes no detour by the resolver."""
        addresses = _addresses(host, port)
        self.stage = Stage.CONNECT
        for number, (family, address) in enumerate(addresses, start=1):
            try:
                self._wire = Wire(family, address, self._timers.connect_seconds)
            except OSError:
                if number == len(addresses):
                    raise
            else:
                return

    def handshake(self) -> None:
        """Complete the TLS handshake, the server's certificate and name checked."""
        assert self._wire is not None
        self.stage = Stage.TLS
        deadline = time.perf_counter() + self._timers.handshake_seconds
        try:
            while not self._engine.handshake():
                self._flush(self._timers.handshake_seconds)
                self._feed(deadline - time.perf_counter())
        except ssl.SSLError:
            with contextlib.suppress(OSError):  # the alert that says why
                self._flush(self._timers.handshake_seconds)
            raise

    def tls_unique(self) -> bytes | None:
        """What RFC 5929 section 3 binds to this session: 12 bytes; None above TLS 1.2, which has none."""
        return self._engine.tls_unique()

    def send(self, data: bytes) -> None:
        """Hand `data` to the network."""
        self.stage = Stage.SEND
        self._engine.write(data)
        self._flush(self._timers.read_seconds)
        self.stage = Stage.RECEIVE

    def receive(self) -> bytes:
        """The next bytes; none once the server has said that it closes (TLS close_notify)."""
        while (data := self._engine.read()) is None:
            self._feed(self._timers.read_seconds)
        return data

    def close(self) -> None:
        """Take leave of the server without waiting for it, and close."""
        if self._wire is None:
            return
        if self.stage is Stage.RECEIVE:
            with contextlib.suppress(OSError):
                self._engine.leave()
            with contextlib.suppress(OSError):
                self._flush(0)
        self._wire.close()
        self._wire = None

    def _flush(self, timeout_seconds: float) -> None:
        assert self._wire is not None
        if data := self._engine.give():
            self._wire.send(data, timeout_seconds)

    def _feed(self, timeout_seconds: float) -> None:
        assert self._wire is not None
        self._engine.take(self._wire.receive(timeout_seconds, quick_ack=self._timers.quick_ack))


@functools.lru_cache(maxsize=16)
def _literal(host: str) -> int | None:
    """The family of a literal address."""
    for family in (socket.AF_INET, socket.AF_INET6):
        with contextlib.suppress(OSError):
            socket.inet_pton(family, host)
            return family
    return None


def _addresses(host: str, port: int) -> list[tuple[int, tuple[str, int]]]:
    """Family and address to try, in order; raises socket.gaierror for a name nobody knows."""
    if (family := _literal(host)) is not None:
        return [(family, (host, port))]
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [(family, (str(address[0]), port)) for family, _, _, _, address in found]
