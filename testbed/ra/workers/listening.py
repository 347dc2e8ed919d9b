"""The RA's listening socket, and what the kernel knows of its queue.

The socket is bound once and shared by all worker processes, as NGINX's is.
"""

import socket
import struct

from testbed.errors import SettingsError
from testbed.listening import cannot_listen

# struct tcp_info of Linux: where these unsigned 32-bit numbers stand.
_UNACKED, _SACKED, _LAST_DATA_RECV, _TCP_INFO_BYTES = 24, 28, 52, 60


def listen(host: str, port: int, queue: int) -> socket.socket:
    """A socket that listens there and holds `queue` connections; SettingsError when it cannot."""
    try:
        listener = socket.create_server((host, port), backlog=queue)
    except OSError as error:
        raise SettingsError(cannot_listen("the RA", host, port, "ra.port", error)) from error
    listener.setblocking(False)
    return listener


def queued(listener: socket.socket) -> tuple[int, int]:
    """How many connections wait to be accepted, and how many may; (0, 0) where the kernel does not say."""
    info = _tcp_info(listener)
    return (_number(info, _UNACKED), _number(info, _SACKED)) if info else (0, 0)


def waited_seconds(accepted: socket.socket) -> float | None:
    """How long ago the client's last bytes came, for a connection just accepted: its time in the queue.

    Without bytes, the time since the connection was made. None where the kernel does not say.
    """
    info = _tcp_info(accepted)
    return _number(info, _LAST_DATA_RECV) / 1000 if info else None


def _tcp_info(tcp: socket.socket) -> bytes | None:
    option = getattr(socket, "TCP_INFO", None)
    if option is None:
        return None
    try:
        return tcp.getsockopt(socket.IPPROTO_TCP, option, _TCP_INFO_BYTES)
    except OSError:
        return None


def _number(info: bytes, offset: int) -> int:
    return int(struct.unpack_from("=I", info, offset)[0])
