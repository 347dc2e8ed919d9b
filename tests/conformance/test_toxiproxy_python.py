"""toxiproxy-python drives the proxy: every call of its API, and what it makes of refusals."""

import json
from pathlib import Path
from urllib.parse import urlsplit

from chaos.tcp.process import ProxyProcess
from tests.chaos.tcp.foreign import run_python

PREAMBLE = """
import json, socket, sys, time
from toxiproxy import Toxiproxy
from toxiproxy.exceptions import NotFound, InvalidToxic, ProxyExists
server = Toxiproxy()
server.update_api_consumer(sys.argv[1], int(sys.argv[2]))
upstream = sys.argv[3]

def said(proxy, words):
    host, port = proxy.listen.split(":")
    with socket.create_connection((host, int(port)), timeout=20) as client:
        client.sendall(words)
        return client.recv(100).decode()
"""


def shown(script: str, python_clients: Path, tcp_process: ProxyProcess, echo_upstream: str) -> object:
    """What the script prints as JSON."""
    api = urlsplit(tcp_process.url)
    text = PREAMBLE + script + "\nserver.destroy_all()\n"
    return json.loads(
        run_python(text, str(api.hostname), str(api.port), echo_upstream, packages=python_clients)
    )


def test_it_finds_the_server_and_its_version(
    python_clients: Path, tcp_process: ProxyProcess, echo_upstream: str
) -> None:
    script = "print(json.dumps([server.running(), server.version().decode()]))"
    assert shown(script, python_clients, tcp_process, echo_upstream) == [True, '{"version": "2.12.0"}\n']


def test_a_proxy_it_creates_relays_and_is_listed(
    python_clients: Path, tcp_process: ProxyProcess, echo_upstream: str
) -> None:
    script = """
proxy = server.create(upstream=upstream, name="hop")
listed = server.get_proxy("hop")
same = (listed.listen, listed.upstream) == (proxy.listen, upstream)
print(json.dumps([said(proxy, b"hello"), listed.enabled, same]))
"""
    assert shown(script, python_clients, tcp_process, echo_upstream) == ["hello", True, True]


def test_its_latency_is_felt_and_destroyed(
    python_clients: Path, tcp_process: ProxyProcess, echo_upstream: str
) -> None:
    script = """
proxy = server.create(upstream=upstream, name="hop")
proxy.add_toxic(type="latency", attributes={"latency": 150, "jitter": 0})
started = time.monotonic()
said(proxy, b"x")
slow = time.monotonic() - started >= 0.15
toxic = proxy.get_toxic("latency_downstream")
gone = proxy.destroy_toxic("latency_downstream")
print(json.dumps([slow, toxic.attributes, toxic.stream, toxic.toxicity, gone, list(proxy.toxics())]))
"""
    answer = [True, {"latency": 150, "jitter": 0}, "downstream", 1, True, []]
    assert shown(script, python_clients, tcp_process, echo_upstream) == answer


def test_down_refuses_inside_the_block_only(
    python_clients: Path, tcp_process: ProxyProcess, echo_upstream: str
) -> None:
    script = """
proxy = server.create(upstream=upstream, name="hop")
with proxy.down():
    try:
        said(proxy, b"x")
        inside = "answered"
    except ConnectionRefusedError:
        inside = "refused"
print(json.dumps([inside, said(proxy, b"back")]))
"""
    assert shown(script, python_clients, tcp_process, echo_upstream) == ["refused", "back"]


def test_reset_brings_everything_back(
    python_clients: Path, tcp_process: ProxyProcess, echo_upstream: str
) -> None:
    script = """
proxy = server.create(upstream=upstream, name="hop")
proxy.add_toxic(type="timeout", attributes={"timeout": 1})
proxy.disable()
done = server.reset()
print(json.dumps([done, said(proxy, b"well"), list(proxy.toxics())]))
"""
    assert shown(script, python_clients, tcp_process, echo_upstream) == [True, "well", []]


def test_populate_makes_what_is_missing(
    python_clients: Path, tcp_process: ProxyProcess, echo_upstream: str
) -> None:
    script = """
made = server.populate([{"name": n, "upstream": upstream, "listen": "127.0.0.1:0"} for n in ("a", "b")])
print(json.dumps([[each.name for each in made], sorted(server.proxies())]))
"""
    assert shown(script, python_clients, tcp_process, echo_upstream) == [["a", "b"], ["a", "b"]]


def test_refusals_become_its_own_errors(
    python_clients: Path, tcp_process: ProxyProcess, echo_upstream: str
) -> None:
    script = """
from toxiproxy.api import APIConsumer
proxy = server.create(upstream=upstream, name="hop")
seen = []
for attempt in (
    lambda: APIConsumer.post("/proxies", json={"name": "hop", "upstream": upstream}),
    lambda: proxy.destroy_toxic("none"),
    lambda: proxy.add_toxic(type="none"),
    lambda: proxy.add_toxic(type="latency", stream="sideways"),
):
    try:
        attempt()
    except (ProxyExists, NotFound, InvalidToxic) as error:
        seen.append([type(error).__name__, json.loads(error.args[0])["error"]])
print(json.dumps(seen))
"""
    assert shown(script, python_clients, tcp_process, echo_upstream) == [
        ["ProxyExists", "proxy already exists"],
        ["NotFound", "toxic not found"],
        ["InvalidToxic", "invalid toxic type"],
        ["InvalidToxic", "stream was invalid, can be either upstream or downstream"],
    ]
