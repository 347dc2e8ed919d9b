"""Faults that are a server's terms: versions or cipher suites that its client does not have."""

import contextlib
from collections.abc import Iterator

import msgspec

from chaos.evidence import ANY_HOST
from chaos.system import System
from chaos.tls.hop import TlsFault, changed, server_of
from testbed.errors import CurlError
from testbed.server_tls import ServerTls

# The lab's CA closes without an alert; a server that sends one is told apart by it.
CLOSED = tuple(
    CurlError(35, f"OpenSSL SSL_connect: {how} in connection to {ANY_HOST}:8443")
    for how in ("SSL_ERROR_SYSCALL", "Connection reset by peer")
)


class TermsFault(TlsFault, frozen=True, kw_only=True):
    """A server that agrees to nothing its client offers."""

    def terms(self) -> ServerTls:
        """What it agrees to."""
        raise NotImplementedError

    @contextlib.contextmanager
    def strike(self, system: System) -> Iterator[None]:
        """For everybody who connects from now on."""
        changes = {f"tls.{name}": value for name, value in msgspec.structs.asdict(self.terms()).items()}
        with changed(system, self, server_of(self.hop), changes):
            yield


def no_agreement(alert: str) -> tuple[CurlError, ...]:
    """What curl says when the server ends the handshake, with this alert or without."""
    return (*CLOSED, CurlError(35, f"error:SSL routines::{alert}"))


def closed_early() -> tuple[CurlError, ...]:
    """What curl says when the connection ends in the middle of the handshake."""
    return (*CLOSED, CurlError(35, "error:SSL routines::unexpected eof while reading"))
