"""The wire: one TCP connection whose steps are bounded, in a thread and in gevent's loop."""

import contextlib
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

from loadtests.est.wire import Wire

_IN_A_HUB = """
from gevent import monkey; monkey.patch_all()
import sys, time
import gevent
from loadtests.est.wire import Wire

def answer(port):
    wire = Wire(2, ("127.0.0.1", port), 2)
    wire.send(b"x" * 3_000_000, 2)
    got = wire.receive(2)
    wire.close()
    return got

def silence(port):
    wire = Wire(2, ("127.0.0.1", port), 2)
    try:
        wire.receive(0.05)
    except TimeoutError as error:
        return str(error)
    finally:
        wire.close()

asked = [gevent.spawn(answer, int(sys.argv[1])) for _ in range(3)]
quiet = gevent.spawn(silence, int(sys.argv[2]))
gevent.joinall([*asked, quiet], raise_error=True)
print([each.value for each in asked], quiet.value)
"""


@contextlib.contextmanager
def listening(connections: int, answer: bytes) -> Iterator[int]:
    """A server that reads three million bytes from each of its connections, then answers."""

    def serve() -> None:
        for _ in range(connections):
            connection, _ = listener.accept()
            with connection:
                left = 3_000_000
                while left > 0:
                    left -= len(connection.recv(65536)) or left
                connection.sendall(answer)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        yield listener.getsockname()[1]
        thread.join()


def test_what_the_network_does_not_take_at_once_is_sent_in_parts() -> None:
    with listening(1, b"done") as port:
        wire = Wire(socket.AF_INET, ("127.0.0.1", port), 2)
        with contextlib.closing(wire):
            wire.send(b"x" * 3_000_000, 2)
            assert wire.receive(2) == b"done"
            assert wire.receive(2) == b""


def test_greenlets_wait_for_their_wires_side_by_side() -> None:
    with listening(3, b"done") as port, socket.create_server(("127.0.0.1", 0)) as silent:
        quiet = str(silent.getsockname()[1])
        command = [sys.executable, "-c", _IN_A_HUB, str(port), quiet]
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert done.stdout == "[b'done', b'done', b'done'] timed out\n", done.stderr


def test_a_silent_peer_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        wire = Wire(socket.AF_INET, listener.getsockname(), 2)
        with contextlib.closing(wire), pytest.raises(TimeoutError, match="timed out"):
            wire.receive(0.05)


def test_a_port_where_nobody_listens_is_refused_in_the_systems_words() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(ConnectionRefusedError, match="Connection refused"):
        Wire(socket.AF_INET, ("127.0.0.1", port), 2)


def test_a_server_whose_queue_is_full_is_given_up() -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        address = full.getsockname()
        with contextlib.ExitStack() as waiting, pytest.raises(TimeoutError, match="timed out"):
            fill(address, waiting)


def fill(address: tuple[str, int], waiting: contextlib.ExitStack) -> None:
    for _ in range(4):
        waiting.enter_context(contextlib.closing(Wire(socket.AF_INET, address, 0.1)))
