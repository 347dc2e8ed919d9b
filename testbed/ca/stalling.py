"""TLS handshakes that stall: the client's hello is taken, and nothing ever comes back."""

import ssl
from collections.abc import Callable


def let_stall(context: ssl.SSLContext, decide: Callable[[], bool]) -> None:
    """Make the handshakes of `context` stall where `decide` says so, asked once a connection.

    The server's own handshake timeout ends a stalled connection.
    """

    class Handshake(ssl.SSLObject):
        """One connection's TLS."""

        _stalls: bool | None = None

        def do_handshake(self) -> None:
            """Do the next step, or claim forever that the client's next flight is awaited."""
            if self._stalls is None:
                self._stalls = decide()
            if self._stalls:
                raise ssl.SSLWantReadError(ssl.SSL_ERROR_WANT_READ, "stalled by a fault")
            super().do_handshake()

    context.sslobject_class = Handshake
