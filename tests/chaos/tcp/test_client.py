"""The typed client: what it gives, what it undoes, and its errors."""

import contextlib
import socket

import pytest

from chaos.errors import ProxyRefused, ProxyUnreachable
from chaos.tcp.client import ProxyWish, Toxiproxy
from tests.testbed.raw_server import raw_server, saying

WISH = ProxyWish("ra-ca", "127.0.0.1:9")


def test_a_toxic_lasts_as_long_as_its_block(toxiproxy: Toxiproxy) -> None:
    toxiproxy.create(WISH)
    with contextlib.suppress(ZeroDivisionError), toxiproxy.toxic("ra-ca", "latency") as toxic:
        assert toxiproxy.proxy("ra-ca").toxics == [toxic]
        raise ZeroDivisionError
    assert toxiproxy.proxy("ra-ca").toxics == []


def test_a_proxy_is_down_as_long_as_its_block(toxiproxy: Toxiproxy) -> None:
    toxiproxy.create(WISH)
    with toxiproxy.down("ra-ca") as stopped:
        assert not stopped.enabled
    assert toxiproxy.proxy("ra-ca").enabled


def test_populate_gives_the_proxies_it_made(toxiproxy: Toxiproxy) -> None:
    made = toxiproxy.populate([WISH, ProxyWish("phone-ra", "127.0.0.1:9")])
    assert {proxy.name: proxy for proxy in made} == toxiproxy.proxies()
    assert toxiproxy.populate([]) == []


def test_an_update_changes_what_is_given(toxiproxy: Toxiproxy) -> None:
    toxiproxy.create(WISH)
    toxiproxy.add_toxic("ra-ca", "latency", {"latency": 9}, "upstream", 0.5, name="slow")
    changed = toxiproxy.update_toxic("ra-ca", "slow", {"jitter": 3})
    assert (changed.attributes, changed.toxicity, changed.stream) == (
        {"latency": 9, "jitter": 3},
        0.5,
        "upstream",
    )
    assert toxiproxy.update_toxic("ra-ca", "slow", toxicity=1).toxicity == 1


def test_a_name_may_hold_anything_but_a_slash(toxiproxy: Toxiproxy) -> None:
    odd = "50% of ra?ca #1 é"
    toxiproxy.create(ProxyWish(odd, "127.0.0.1:9"))
    assert toxiproxy.proxy(odd).name == odd
    toxiproxy.delete(odd)
    assert toxiproxy.proxies() == {}


def test_a_refusal_has_the_apis_status_and_words(toxiproxy: Toxiproxy) -> None:
    with pytest.raises(ProxyRefused, match=r"^proxy not found$") as refused:
        toxiproxy.proxy("none")
    assert refused.value.status == 404


def test_a_server_that_does_not_answer_is_named_with_what_to_do() -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        url = f"http://127.0.0.1:{gone.getsockname()[1]}"
    with Toxiproxy(url) as client, pytest.raises(ProxyUnreachable, match=f"no TCP proxy answers at {url}"):
        client.version()


def test_a_server_that_is_no_toxiproxy_is_named() -> None:
    page = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello"
    with (
        raw_server(saying(page), None) as port,
        Toxiproxy(f"http://127.0.0.1:{port}") as client,
        pytest.raises(ProxyUnreachable, match="/proxies does not answer like Toxiproxy"),
    ):
        client.proxies()
