"""How connections end: in order, by a real reset, or all at once; and that none of them stays."""

import socket
import struct
import threading
from contextlib import ExitStack, suppress

import pytest

from chaos.tcp.client import Stream, Toxiproxy
from chaos.tcp.process import ProxyProcess
from tests.chaos.tcp.rig import (
    ANSWER_SECONDS,
    connected,
    echo,
    proxied,
    read_exactly,
    read_to_end,
    sockets_of,
)
from tests.processes import wait_until


class Listening:
    """A server's script that says how its connection ended."""

    def __init__(self) -> None:
        self.ended = threading.Event()
        self.error: OSError | None = None
        self.heard = b""

    def __call__(self, connection: socket.socket) -> None:
        connection.settimeout(ANSWER_SECONDS)
        try:
            while data := connection.recv(65_536):
                self.heard += data
        except OSError as error:
            self.error = error
        self.ended.set()


def test_the_end_of_the_clients_stream_closes_the_server_after_the_last_byte(toxiproxy: Toxiproxy) -> None:
    server = Listening()
    with proxied(toxiproxy, server) as proxy:
        with connected(proxy) as client:
            client.sendall(b"x" * 1_000_000)
        assert server.ended.wait(ANSWER_SECONDS)
    assert (len(server.heard), server.error) == (1_000_000, None)


def test_the_end_of_the_servers_stream_closes_the_client_after_the_last_byte(toxiproxy: Toxiproxy) -> None:
    def say_and_go(connection: socket.socket) -> None:
        connection.sendall(b"y" * 1_000_000)

    with proxied(toxiproxy, say_and_go) as proxy, connected(proxy) as client:
        assert len(read_to_end(client)) == 1_000_000


def test_what_is_on_its_way_still_arrives_when_the_server_has_gone(toxiproxy: Toxiproxy) -> None:
    with proxied(toxiproxy, lambda connection: connection.sendall(b"late")) as proxy:
        toxiproxy.add_toxic("hop", "latency", {"latency": 100})
        with connected(proxy) as client:
            assert read_to_end(client) == b"late"


@pytest.mark.parametrize("stream", ["upstream", "downstream"])
@pytest.mark.parametrize("opened_before", [False, True], ids=["new connection", "older than the toxic"])
def test_reset_peer_is_a_reset_on_both_sides(
    toxiproxy: Toxiproxy, stream: Stream, opened_before: bool
) -> None:
    server = Listening()

    def greet(connection: socket.socket) -> None:
        connection.sendall(b"hello")
        server(connection)

    with proxied(toxiproxy, greet) as proxy, ExitStack() as opened:
        client = opened.enter_context(connected(proxy)) if opened_before else None
        if client:
            assert read_exactly(client, 5) == b"hello"
        toxiproxy.add_toxic("hop", "reset_peer", {"timeout": 20}, stream)
        client = client or opened.enter_context(connected(proxy))
        if stream == "upstream":
            client.sendall(b"trigger")
        elif opened_before:
            return  # the server has said its only word
        with pytest.raises(ConnectionResetError):
            read_to_end(client)
        assert server.ended.wait(ANSWER_SECONDS)
        assert isinstance(server.error, ConnectionResetError)


def test_down_resets_connections_that_say_nothing(toxiproxy: Toxiproxy) -> None:
    with proxied(toxiproxy) as proxy, connected(proxy) as client:
        client.sendall(b"x")
        assert read_exactly(client, 1) == b"x"
        toxiproxy.add_toxic("hop", "down")
        with pytest.raises(ConnectionResetError):
            read_to_end(client)


def test_slow_close_holds_the_end_back(toxiproxy: Toxiproxy) -> None:
    with proxied(toxiproxy, lambda connection: connection.sendall(b"bye")) as proxy:
        toxiproxy.add_toxic("hop", "slow_close", {"delay": 3_600_000})
        with connected(proxy) as client:
            assert read_exactly(client, 3) == b"bye"
            client.settimeout(0.2)
            with pytest.raises(TimeoutError):
                client.recv(1)
            toxiproxy.remove_toxic("hop", "slow_close_downstream")
            client.settimeout(ANSWER_SECONDS)
            assert client.recv(1) == b""


def test_a_client_that_resets_takes_its_server_connection_with_it(toxiproxy: Toxiproxy) -> None:
    server = Listening()
    with proxied(toxiproxy, server) as proxy:
        with connected(proxy) as client:
            client.sendall(b"x")
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        assert server.ended.wait(ANSWER_SECONDS)


def test_disabling_closes_what_is_open_and_refuses_what_comes(toxiproxy: Toxiproxy) -> None:
    with proxied(toxiproxy) as proxy, connected(proxy) as client:
        client.sendall(b"x")
        assert read_exactly(client, 1) == b"x"
        with toxiproxy.down("hop"):
            assert read_to_end(client) == b""
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection(proxy.address)
        with connected(proxy) as again:
            again.sendall(b"y")
            assert read_exactly(again, 1) == b"y"


def test_an_upstream_that_refuses_closes_the_client(toxiproxy: Toxiproxy) -> None:
    with proxied(toxiproxy) as proxy:
        with socket.create_server(("127.0.0.1", 0)) as gone:
            nowhere = gone.getsockname()[1]
        toxiproxy.redirect("hop", f"127.0.0.1:{nowhere}")
        with connected(toxiproxy.proxy(proxy.name)) as client:
            assert read_to_end(client) == b""


@pytest.mark.parametrize(
    "kind", ["noop", "latency", "timeout", "reset_peer", "limit_data", "down", "bandwidth"]
)
def test_no_socket_stays_when_clients_have_gone(
    process: ProxyProcess, toxiproxy: Toxiproxy, kind: str
) -> None:
    before = sockets_of(process)
    with proxied(toxiproxy, echo) as proxy:
        toxiproxy.add_toxic("hop", kind, stream="upstream", toxicity=0.5)
        toxiproxy.add_toxic("hop", kind, stream="downstream", toxicity=0.5)
        for _ in range(40):
            with suppress(ConnectionError), connected(proxy) as client:
                client.sendall(b"hello")
        toxiproxy.reset()
        assert wait_until(lambda: sockets_of(process) <= before + 1)  # + the API's own
