"""TLS without a network: bytes in, bytes out, whichever library does it."""

import ssl
from typing import Protocol

_CHUNK_BYTES = 65_536


class TlsEngine(Protocol):
    """The client's end of one TLS connection without the network. Errors are those of `ssl`."""

    def handshake(self) -> bool:
        """Go on with the handshake; True when it is done, the server's chain and name checked."""
        ...

    def take(self, data: bytes) -> None:
        """Bytes that came from the server; none: it has closed the connection."""
        ...

    def give(self) -> bytes:
        """Bytes to be sent to the server."""
        ...

    def write(self, data: bytes) -> None:
        """Encrypt `data`."""
        ...

    def read(self) -> bytes | None:
        """Decrypted bytes; none once the server has said that it closes; None: more have to come."""
        ...

    def leave(self) -> None:
        """Say that this end closes."""
        ...

    def tls_unique(self) -> bytes | None:
        """What RFC 5929 section 3 binds to this session: 12 bytes; None above TLS 1.2, which has none."""
        ...


class EngineContext(Protocol):
    """What connections share: trust, versions, identity."""

    def engine(self, host: str) -> TlsEngine:
        """A client's end of a connection to `host`."""
        ...


TlsContext = ssl.SSLContext | EngineContext


class PythonEngine:
    """One connection on Python's own `ssl`."""

    def __init__(self, context: ssl.SSLContext, host: str) -> None:
        self._received, self._to_send = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._received, self._to_send, server_hostname=host)

    def handshake(self) -> bool:
        """Go on with the handshake; True when it is done."""
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            return False
        return True

    def take(self, data: bytes) -> None:
        """Bytes from the server; none: it has closed."""
        if data:
            self._received.write(data)
        else:
            self._received.write_eof()

    def give(self) -> bytes:
        """Bytes for the server."""
        return self._to_send.read()

    def write(self, data: bytes) -> None:
        """Encrypt `data`."""
        self._tls.write(data)

    def read(self) -> bytes | None:
        """Decrypted bytes; none at the end; None: more have to come."""
        try:
            return self._tls.read(_CHUNK_BYTES)
        except ssl.SSLWantReadError:
            return None

    def leave(self) -> None:
        """Say that this end closes."""
        self._tls.unwrap()

    def tls_unique(self) -> bytes | None:
        """The session's binding, in TLS 1.2."""
        return self._tls.get_channel_binding("tls-unique") if self._tls.version() == "TLSv1.2" else None


def engine_for(context: TlsContext, host: str) -> TlsEngine:
    """A connection's TLS on the library that `context` is of."""
    return PythonEngine(context, host) if isinstance(context, ssl.SSLContext) else context.engine(host)
