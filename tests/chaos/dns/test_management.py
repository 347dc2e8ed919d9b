"""Our part of the management API: what each request is answered with."""

import httpx
import msgspec
import pytest

from chaos.dns.client import DnsClient
from chaos.dns.process import DnsProcess
from testbed.web.server import Refusal
from tests.chaos.dns.asking import ask, tcp_socket
from tests.chaos.dns.conftest import CA

Json = dict[str, object]


def send(process: DnsProcess, method: str, path: str, body: object = None) -> httpx.Response:
    content = None if body is None else msgspec.json.encode(body)
    return httpx.request(method, process.url + path, content=content, trust_env=False)


@pytest.mark.usefixtures("client")
def test_a_fault_can_be_added_shown_and_ended(process: DnsProcess) -> None:
    added = send(process, "POST", "/faults", {"kind": "nxdomain", "host": CA})
    assert (added.status_code, added.headers["content-type"]) == (201, "application/json")
    shown = added.json()
    assert (shown["fault"]["kind"], shown["fault"]["host"], shown["strikes"]) == ("nxdomain", CA, 0)
    assert ask(process.address, CA).rcode == 3
    assert send(process, "GET", "/faults").json()["faults"] == [shown | {"strikes": 1}]
    assert send(process, "DELETE", f"/faults/{shown['id']}").json()["faults"] == []
    assert ask(process.address, CA).rcode == 0


@pytest.mark.usefixtures("client")
def test_a_plan_replaces_all_there_was(process: DnsProcess) -> None:
    send(process, "POST", "/faults", {"kind": "drop"})
    done = send(process, "PUT", "/faults", {"seed": 9, "faults": [{"kind": "refused"}, {"kind": "delay"}]})
    assert (done.status_code, done.json()["seed"]) == (200, 9)
    assert [each["fault"]["kind"] for each in done.json()["faults"]] == ["refused", "delay"]
    assert send(process, "DELETE", "/faults").json()["faults"] == []


@pytest.mark.parametrize(
    ("fault", "why"),
    [
        ({}, "missing required field `kind`"),
        ({"kind": "flood"}, "Invalid value 'flood'"),
        ({"kind": "drop", "probability": 1.5}, "`$.probability`"),
        ({"kind": "drop", "hots": "x"}, "unknown field `hots`"),
        ({"kind": "drop", "seconds": 0}, "`$.seconds`"),
        ({"kind": "drop", "types": ["MX"]}, "`$.types[0]`"),
        ({"kind": "wrong_address", "ipv4": "lab-dc"}, "ipv4: 'lab-dc' is not an IPv4 address"),
        ({"kind": "delay", "time": {"kind": "empirical", "file": "/nowhere"}}, "/nowhere"),
        ({"kind": "flapping", "every": 0}, "`$.every`"),
    ],
)
def test_a_fault_that_cannot_be_is_refused_and_named(process: DnsProcess, fault: Json, why: str) -> None:
    refused = send(process, "POST", "/faults", fault)
    assert refused.status_code == 400
    assert why in refused.json()["error"]
    assert send(process, "GET", "/faults").json()["faults"] == []


@pytest.mark.usefixtures("client")
def test_a_plan_that_cannot_be_leaves_what_was_active(process: DnsProcess) -> None:
    send(process, "POST", "/faults", {"kind": "refused"})
    wrong = {"kind": "delay", "time": {"kind": "empirical", "file": "/nowhere"}}
    assert send(process, "PUT", "/faults", {"faults": [wrong]}).status_code == 400
    assert ask(process.address, CA).rcode == 5


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("DELETE", "/faults/999999", 404),
        ("DELETE", "/faults/one", 404),
        ("DELETE", "/faults/²", 404),
        ("PATCH", "/faults", 405),
        ("GET", "/faults/1", 405),
        ("POST", "/queries", 405),
        ("POST", "/faults", 400),
    ],
)
def test_a_request_that_makes_no_sense_is_refused_in_json(
    process: DnsProcess, method: str, path: str, status: int
) -> None:
    refused = send(process, method, path)
    assert refused.status_code == status
    assert refused.json()["error"]


def test_queries_are_shown_and_forgotten(process: DnsProcess, client: DnsClient) -> None:
    ask(process.address, CA)
    (query,) = send(process, "GET", "/queries").json()["queries"]
    assert (query["name"], query["type"], query["transport"], query["faults"]) == (f"{CA}.", 1, "udp", [])
    assert send(process, "DELETE", "/queries").json()["queries"] == []
    assert client.request_history(CA) == []


def test_what_is_no_http_is_refused(process: DnsProcess) -> None:
    with tcp_socket(process.url.removeprefix("http://")) as talking:
        talking.sendall(b"\x00\x01 nonsense\r\n\r\n")
        answer = talking.makefile("rb").read()
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert Refusal.MALFORMED.value.encode() in answer
