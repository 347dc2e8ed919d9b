"""A connection that ends in the middle of the handshake."""

import contextlib
from collections.abc import Iterator
from typing import Annotated, ClassVar

import msgspec

from chaos.system import System
from chaos.tls.hop import TlsFault
from chaos.tls.terms import closed_early
from chaos.tls.toxic import toxic
from testbed.errors import CurlError


class HandshakeClosed(TlsFault, frozen=True, kw_only=True):
    """It closes after `after_bytes` of the server's first answer; a whole one has more than 600.

    Connections that were open already end with their next answer.
    """

    name: ClassVar[str] = "tls.handshake_closed"
    summary: ClassVar[str] = "the connection is closed in the middle of the handshake"
    curl: ClassVar[tuple[CurlError, ...]] = closed_early()

    after_bytes: Annotated[int, msgspec.Meta(ge=0, le=500)] = 100

    @contextlib.contextmanager
    def strike(self, system: System) -> Iterator[None]:
        """In the hop's proxy."""
        with toxic(system, self, "limit_data", "downstream", {"bytes": self.after_bytes}):
            yield
