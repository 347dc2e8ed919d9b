"""What stands behind and beside the TCP proxy in its benchmark: a server of its own process, and socat.

`python -m tests.benchmarks.relays` serves until killed; it prints its port. The first byte of a connection
chooses what becomes of the rest: `e` is said back, `b` is swallowed and confirmed after `BULK_BYTES`.
With a port as argument it loads that port until killed, with kilobytes said back on some connections.
"""

import contextlib
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator

import click

from tests.processes import wait_until

BULK_BYTES = 1 << 29
_READ_BYTES = 1 << 20
_LOAD_CONNECTIONS = 8


def serve() -> None:
    """Serve one thread per connection."""
    with socket.create_server(("127.0.0.1", 0), backlog=256) as listener:
        click.echo(listener.getsockname()[1])
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=_answer, args=(connection,), daemon=True).start()


def _answer(connection: socket.socket) -> None:
    buffer, total = bytearray(_READ_BYTES), 0
    with contextlib.suppress(OSError), connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        echoing = connection.recv(1) == b"e"
        while size := connection.recv_into(buffer):
            total += size
            if echoing:
                connection.sendall(memoryview(buffer)[:size])
            elif total >= BULK_BYTES:
                connection.sendall(b"k")


@contextlib.contextmanager
def server() -> Iterator[int]:
    """The server in a process of its own; gives its port."""
    command = [sys.executable, "-m", "tests.benchmarks.relays"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield int(process.stdout.readline())
        finally:
            process.kill()


@contextlib.contextmanager
def socat(port: int, *options: str) -> Iterator[tuple[str, int]]:
    """socat as a relay to `port`, a process per connection; gives its address."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        own = free.getsockname()[1]
    listen = f"TCP-LISTEN:{own},bind=127.0.0.1,reuseaddr,fork,nodelay,backlog=256"
    with subprocess.Popen(["socat", *options, listen, f"TCP:127.0.0.1:{port},nodelay"]) as process:
        try:
            assert wait_until(lambda: _answers(own))
            yield "127.0.0.1", own
        finally:
            process.terminate()


def _answers(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
        return True
    return False


def load(port: int) -> None:
    """Kilobytes there and back without a pause, one connection after the other."""
    clients = [socket.create_connection(("127.0.0.1", port)) for _ in range(_LOAD_CONNECTIONS)]
    for client in clients:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client.sendall(b"e")
    while True:
        for client in clients:
            client.sendall(bytes(1_000))
        for client in clients:
            client.recv(1_000)


@contextlib.contextmanager
def loaded(port: int) -> Iterator[None]:
    """`port` under load from a process of its own."""
    command = [sys.executable, "-m", "tests.benchmarks.relays", str(port)]
    with subprocess.Popen(command) as process:
        try:
            yield
        finally:
            process.kill()


if __name__ == "__main__":
    if sys.argv[1:]:
        load(int(sys.argv[1]))
    else:
        serve()
