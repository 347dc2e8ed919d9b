"""HTTP requests and responses as plain values."""

from collections.abc import Iterable
from dataclasses import dataclass
from http import HTTPStatus

Header = tuple[str, str]


class Headers:
    """Header fields in wire order; look-ups ignore case (RFC 9110 section 5.1)."""

    __slots__ = ("_first", "_pairs")

    def __init__(self, pairs: Iterable[Header] = ()) -> None:
        self._pairs: tuple[Header, ...] = tuple(pairs)
        self._first: dict[str, str] = {}
        for name, value in self._pairs:
            self._first.setdefault(name.lower(), value)

    def get(self, name: str) -> str | None:
        """The first value of `name`, or None."""
        return self._first.get(name.lower())

    def all(self, name: str) -> tuple[str, ...]:
        """Every value of `name`, in wire order."""
        wanted = name.lower()
        return tuple(value for key, value in self._pairs if key.lower() == wanted)

    @property
    def pairs(self) -> tuple[Header, ...]:
        """All fields in wire order, names as they were sent."""
        return self._pairs


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it arrived: `path` and `query` are raw, still percent-encoded."""

    method: str
    path: str
    query: str
    headers: Headers
    body: bytes = b""
    version: str = "1.1"
    keep_alive: bool = True

    @property
    def target(self) -> str:
        """Path and query as they stood in the request line."""
        return f"{self.path}?{self.query}" if self.query else self.path


@dataclass(frozen=True, slots=True)
class Response:
    """One answer; `Content-Length` is added on the wire unless `headers` or the status forbids it.

    Three ways to break it, for servers that must misbehave: `cut_bytes` sends that much of the body, under
    the length of the whole, and closes; `reset` sends nothing and resets the TCP connection; `bare` says
    neither how long the body is nor whether the connection ends.
    """

    status: int
    headers: tuple[Header, ...] = ()
    body: bytes = b""
    close: bool = False
    reason: str = ""
    cut_bytes: int | None = None
    reset: bool = False
    bare: bool = False

    def encode(self, *, with_body: bool = True, close: bool = False) -> bytes:
        """The bytes on the wire; `with_body=False` for a HEAD request, `close` when no other may follow."""
        reason = self.reason or HTTPStatus(self.status).phrase
        lines = [f"HTTP/1.1 {self.status} {reason}\r\n"]
        lines.extend(f"{name}: {value}\r\n" for name, value in self.headers)
        if self.status not in (204, 304) and not self.bare:
            lines.append(f"Content-Length: {len(self.body)}\r\n")
        if (self.close or close) and not self.bare:
            lines.append("Connection: close\r\n")
        lines.append("\r\n")
        head = "".join(lines).encode("latin-1")
        return head + self.body[: self.cut_bytes] if with_body else head


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer as a client received it."""

    status: int
    headers: Headers
    body: bytes
    keep_alive: bool


@dataclass(frozen=True, slots=True)
class Limits:
    """What one connection may take of the server's memory and time.

    `header_bytes` bounds the request line and all header fields together, `body_bytes` the body. A
    connection that completes no TLS handshake within `handshake_seconds`, or sends no complete request
    within `request_seconds` of its last answer, is closed. Reading stops while `requests_ahead` wait.
    """

    header_bytes: int = 16_384
    body_bytes: int = 200_000
    handshake_seconds: float = 10.0
    request_seconds: float = 120.0
    requests_ahead: int = 8
