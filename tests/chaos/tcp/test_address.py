"""Addresses are read and shown as Toxiproxy does."""

import asyncio
import socket

import pytest

from chaos.errors import ProxyRefused
from chaos.tcp.address import Endpoint, dial, listen, resolve, split


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("127.0.0.1:3310", "127.0.0.1:3310"),
        ("localhost:3310", "127.0.0.1:3310"),
        (":3310", "[::]:3310"),
        ("0.0.0.0:3310", "[::]:3310"),
        ("[::1]:3310", "[::1]:3310"),
        ("", "[::]:0"),
    ],
)
def test_an_address_to_listen_on_is_resolved(text: str, shown: str) -> None:
    assert str(asyncio.run(resolve(text))) == shown


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("localhost", "listen tcp: address localhost: missing port in address"),
        ("::1:80", "listen tcp: address ::1:80: too many colons in address"),
        ("localhost:http!", "listen tcp: lookup tcp/http!: unknown port"),
        ("localhost:70000", "listen tcp: address 70000: invalid port"),
    ],
)
def test_what_is_no_address_is_refused_in_gos_words(text: str, why: str) -> None:
    with pytest.raises(ProxyRefused) as refused:
        split(text)
    assert (refused.value.status, str(refused.value)) == (500, why)


def test_a_taken_port_is_refused_by_its_name() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ProxyRefused, match=f"listen tcp 127.0.0.1:{port}: bind: address already in use"):
            listen(Endpoint(socket.AF_INET, "127.0.0.1", port))


def test_port_0_becomes_a_real_port() -> None:
    listener, got = listen(Endpoint(socket.AF_INET, "127.0.0.1", 0))
    with listener:
        assert got.port == listener.getsockname()[1] > 0


def test_dialling_nobody_is_an_os_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    with pytest.raises(ConnectionRefusedError):
        asyncio.run(dial(f"127.0.0.1:{port}"))
