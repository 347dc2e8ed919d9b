"""A TLS server that says exactly the bytes a test wants, and ends as the test wants."""

import contextlib
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator

Script = Callable[[socket.socket], None]


@contextlib.contextmanager
def raw_server(script: Script, tls: ssl.SSLContext | None) -> Iterator[int]:
    """Run `script` on each connection, after the handshake when `tls` is given; gives the port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threads = [threading.Thread(target=_accept, args=(listener, script, tls))]
        threads[0].start()
        try:
            yield listener.getsockname()[1]
        finally:
            with contextlib.suppress(OSError):  # wakes accept()
                listener.shutdown(socket.SHUT_RDWR)
            threads[0].join()


def _accept(listener: socket.socket, script: Script, tls: ssl.SSLContext | None) -> None:
    serving = []
    with contextlib.suppress(OSError):
        while True:
            connection, _ = listener.accept()
            connection.settimeout(5)
            thread = threading.Thread(target=_serve, args=(connection, script, tls))
            thread.start()
            serving.append(thread)
    for thread in serving:
        thread.join()


def _serve(connection: socket.socket, script: Script, tls: ssl.SSLContext | None) -> None:
    with contextlib.suppress(OSError), connection:
        if tls is None:
            script(connection)
            return
        with tls.wrap_socket(connection, server_side=True) as secure:
            script(secure)


def saying(data: bytes, end: Script | None = None) -> Script:
    """Read one request, say `data`, then `end` (None: close TLS in order)."""

    def script(connection: socket.socket) -> None:
        connection.recv(65_536)
        connection.sendall(data)
        (end or shut)(connection)

    return script


def shut(connection: socket.socket) -> None:
    """Close in order: TLS first."""
    if isinstance(connection, ssl.SSLSocket):
        connection.unwrap()


def cut(connection: socket.socket) -> None:
    """Close TCP without a TLS close."""
    connection.close()


def reset(connection: socket.socket) -> None:
    """Close with a TCP reset."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def stay(connection: socket.socket) -> None:
    """Say nothing more until the client goes."""
    while connection.recv(65_536):
        pass
