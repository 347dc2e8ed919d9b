"""Servers of one connection that behave as a test says, most often badly."""

import contextlib
import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterator


@contextlib.contextmanager
def tcp_peer(behave: Callable[[socket.socket, threading.Event], object]) -> Iterator[int]:
    """A server that serves one connection as `behave` says and is told when the test is over."""
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            with contextlib.suppress(OSError):
                connection, _ = listener.accept()
                with connection:
                    behave(connection, over)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            over.set()
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            thread.join(10)
            assert not thread.is_alive()


@contextlib.contextmanager
def tls_peer(
    tls: ssl.SSLContext, behave: Callable[[ssl.SSLSocket, threading.Event], object]
) -> Iterator[int]:
    def serve(connection: socket.socket, over: threading.Event) -> None:
        with contextlib.suppress(OSError), tls.wrap_socket(connection, server_side=True) as secured:
            behave(secured, over)

    with tcp_peer(serve) as port:
        yield port


def read_request(connection: ssl.SSLSocket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        data += connection.recv(65536)
    head, _, body = data.partition(b"\r\n\r\n")
    length = re.search(rb"Content-Length: (\d+)", head)
    while length and len(body) < int(length[1]):
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body
