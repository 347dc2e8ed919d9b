"""What stands around a proxy in tests: a server behind it, a client before it, and steps without a clock."""

import contextlib
import random
import socket
import threading
from collections.abc import Iterator

import psutil

from chaos.tcp.client import ProxyState, ProxyWish, Toxiproxy
from chaos.tcp.process import ProxyProcess
from chaos.tcp.toxic import Chunk, Steps, Visit
from tests.testbed.raw_server import Script, raw_server

ANSWER_SECONDS = 20.0


def echo(connection: socket.socket) -> None:
    """Say back what is heard."""
    connection.settimeout(ANSWER_SECONDS)
    while data := connection.recv(65_536):
        connection.sendall(data)


@contextlib.contextmanager
def proxied(toxiproxy: Toxiproxy, script: Script = echo, name: str = "hop") -> Iterator[ProxyState]:
    """A proxy in front of a server that runs `script` on each connection; both gone afterwards."""
    with raw_server(script, None) as port:
        state = toxiproxy.create(ProxyWish(name, f"127.0.0.1:{port}"))
        try:
            yield state
        finally:
            toxiproxy.delete(name)


@contextlib.contextmanager
def connected(proxy: ProxyState) -> Iterator[socket.socket]:
    """A client's connection to the proxy."""
    with socket.create_connection(proxy.address, timeout=ANSWER_SECONDS) as client:
        yield client


def read_exactly(client: socket.socket, count: int) -> bytes:
    """The next `count` bytes, fewer when the stream ends before."""
    data = bytearray()
    while len(data) < count and (piece := client.recv(count - len(data))):
        data += piece
    return bytes(data)


def read_to_end(client: socket.socket) -> bytes:
    """All bytes until the stream ends."""
    return b"".join(iter(lambda: client.recv(65_536), b""))


def sent_in_background(client: socket.socket, pieces: list[bytes]) -> threading.Thread:
    """A thread that sends `pieces` one after the other."""

    def send() -> None:
        with contextlib.suppress(OSError):
            for piece in pieces:
                client.sendall(piece)

    thread = threading.Thread(target=send)
    thread.start()
    return thread


def sockets_of(process: ProxyProcess) -> int:
    """How many TCP sockets the proxy holds that are not listening."""
    held = psutil.Process(process.pid).net_connections("tcp")
    return sum(1 for each in held if each.status != psutil.CONN_LISTEN)


def a_visit(seed: int = 1) -> Visit:
    """A toxic's visit with dice of its own."""
    return Visit(random.Random(seed))


def chunk(data: bytes = b"data", at_seconds: float = 100.0) -> Chunk:
    """A chunk that arrived at 100 s."""
    return Chunk(data, at_seconds)


def let_through(steps: Steps) -> bytes:
    """The bytes among the steps."""
    return b"".join(step.data for step in steps if isinstance(step, Chunk))
