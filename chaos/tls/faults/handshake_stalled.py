"""A handshake that never goes on: the connection is there, the server's first words are not."""

import contextlib
from collections.abc import Iterator
from typing import ClassVar

from chaos.ca.mode import CaMode
from chaos.system import System
from chaos.tls.hop import TlsFault
from chaos.tls.toxic import toxic
from testbed.ca.faults import Kind
from testbed.errors import CurlError


class _Stall(CaMode, frozen=True, kw_only=True):
    kind: ClassVar[Kind] = "tls_stall"


class HandshakeStalled(TlsFault, frozen=True, kw_only=True):
    """The CA takes the client's hello and says nothing; towards the RA the phones' bytes are lost on the way.

    So connections of phones that were open already stall too, and are closed when it ends.
    """

    name: ClassVar[str] = "tls.handshake_stalled"
    summary: ClassVar[str] = "the server never answers the first message of the handshake"
    curl: ClassVar[tuple[CurlError, ...]] = (
        CurlError(28, "SSL connection timeout"),
        CurlError(28, "Connection timed out after 10000 milliseconds"),
    )

    @contextlib.contextmanager
    def strike(self, system: System) -> Iterator[None]:
        """In the CA itself, or in the proxy before the RA."""
        struck = (
            _Stall().strike(system) if self.hop == "ra-ca" else toxic(system, self, "timeout", "upstream")
        )
        with struck:
            yield
