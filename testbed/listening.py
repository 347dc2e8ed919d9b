"""A server begins to listen where its settings say; why it cannot is told in one way for all of them."""

import errno
import os
import socket
from typing import Protocol

from testbed.errors import PartFailed

_HOST_IS_WRONG = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT, errno.EINVAL)


class Startable(Protocol):
    """A server that can listen."""

    async def start(self, host: str, port: int) -> tuple[str, int]:
        """Listen there; the host and port that it has got. Raises OSError."""
        ...


async def start_listening(server: Startable, who: str, host: str, port: int, setting: str) -> tuple[str, int]:
    """Where the server of `who`, such as `the CA`, listens now; `setting` is the one that holds its port.

    PartFailed says why it cannot, and what to set.
    """
    try:
        return await server.start(host, port)
    except OSError as error:
        raise PartFailed(cannot_listen(who, host, port, setting, error)) from error


def cannot_listen(who: str, host: str, port: int, setting: str, error: OSError) -> str:
    """What to say of `who` that got this error for the port in `setting`: why, and what to set."""
    # asyncio's own text repeats the address; a name that does not resolve has a number that is no errno.
    resolved = not isinstance(error, socket.gaierror) and error.errno
    why = os.strerror(error.errno) if resolved and error.errno else error.strerror or str(error)
    if resolved and error.errno not in _HOST_IS_WRONG:
        return f"{who} cannot listen on {host}:{port}: {why}; set {setting} to a free port, or 0"
    return f"{who} cannot listen on {host}:{port}: {why}; name an address of this machine"
