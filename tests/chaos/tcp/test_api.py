"""The API on the wire: every route, status, header and word of Toxiproxy 2.12."""

import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from chaos.tcp.client import Toxiproxy
from chaos.tcp.process import ProxyProcess
from chaos.tcp.settings import TcpPartSettings
from tests.chaos.tcp.rig import connected, proxied, read_exactly
from tests.processes import wait_until

JSON, TEXT = "application/json", "text/plain; charset=utf-8"
BAD_STREAM = "stream was invalid, can be either upstream or downstream"
BAD_JSON = "bad request body: json: cannot unmarshal"
TAKEN = "toxic already exists"
NOWHERE = "127.0.0.1:9"
A = {"name": "a", "listen": "127.0.0.1:0", "upstream": NOWHERE}


@pytest.fixture
def http(process: ProxyProcess, toxiproxy: Toxiproxy) -> Iterator[httpx.Client]:
    assert toxiproxy.proxies() == {}
    with httpx.Client(base_url=process.url, trust_env=False) as client:
        yield client


@pytest.fixture
def a(http: httpx.Client) -> Any:  # noqa: ANN401 - JSON
    """The proxy "a", as it was answered."""
    return http.post("/proxies", json=A).json()


def error(answer: httpx.Response) -> tuple[int, str]:
    """Status and text of a refusal, whose form is held against Toxiproxy's."""
    assert answer.text.endswith("\n")
    body = json.loads(answer.text)
    assert list(body) == ["error", "status"]
    assert body["status"] == answer.status_code
    assert answer.headers["content-type"] == TEXT
    assert answer.headers["x-content-type-options"] == "nosniff"
    return answer.status_code, body["error"]


def test_the_version_has_its_own_spacing_and_type(http: httpx.Client) -> None:
    answer = http.get("/version")
    assert (answer.status_code, answer.text) == (200, '{"version": "2.12.0"}\n')
    assert answer.headers["content-type"] == "application/json;charset=utf-8"


def test_a_new_proxy_is_answered_with_every_key_in_order(http: httpx.Client) -> None:
    answer = http.post("/proxies", json=A)
    body = answer.json()
    assert (answer.status_code, answer.headers["content-type"]) == (201, JSON)
    assert list(body) == ["name", "listen", "upstream", "enabled", "Logger", "toxics"]
    assert (body["upstream"], body["enabled"], body["Logger"], body["toxics"]) == (NOWHERE, True, {}, [])
    assert int(body["listen"].removeprefix("127.0.0.1:")) > 0
    assert not answer.text.endswith("\n")


def test_a_proxy_made_disabled_keeps_its_address_as_it_was_written(http: httpx.Client) -> None:
    body = http.post("/proxies", json=A | {"enabled": False, "listen": "localhost:0"}).json()
    assert (body["listen"], body["enabled"]) == ("localhost:0", False)


@pytest.mark.parametrize(
    ("body", "status", "text"),
    [
        ("", 400, "bad request body: EOF"),
        ("{", 400, "bad request body: unexpected EOF"),
        ("{}", 400, "missing required field: name"),
        ('{"name": "b"}', 400, "missing required field: upstream"),
        ('{"name": "a", "upstream": "x:1"}', 409, "proxy already exists"),
        ('{"name": "b", "upstream": "x:1", "listen": "nonsense"}', 500,
         "listen tcp: address nonsense: missing port in address"),
    ],
)  # fmt: skip
@pytest.mark.usefixtures("a")
def test_a_proxy_that_cannot_be_made_is_refused(
    http: httpx.Client, body: str, status: int, text: str
) -> None:
    assert error(http.post("/proxies", content=body)) == (status, text)


def test_a_taken_port_is_a_500_with_the_systems_words(http: httpx.Client) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        listen = f"127.0.0.1:{taken.getsockname()[1]}"
        answer = http.post("/proxies", json=A | {"listen": listen})
    assert error(answer) == (500, f"listen tcp {listen}: bind: address already in use")
    assert http.get("/proxies/a").status_code == 404


def test_proxies_are_listed_by_name_in_order(http: httpx.Client) -> None:
    for name in ("b", "a"):
        http.post("/proxies", json=A | {"name": name})
    assert list(http.get("/proxies").json()) == ["a", "b"]


def test_a_proxy_is_shown_and_deleted(http: httpx.Client, a: object) -> None:
    assert http.get("/proxies/a").json() == a
    gone = http.delete("/proxies/a")
    assert (gone.status_code, gone.content) == (204, b"")
    assert error(http.get("/proxies/a")) == (404, "proxy not found")


@pytest.mark.parametrize("verb", ["POST", "PATCH"])
def test_an_update_changes_what_it_names(http: httpx.Client, a: dict[str, Any], verb: str) -> None:
    body = http.request(verb, "/proxies/a", json={"enabled": False, "name": "other"}).json()
    assert body == a | {"enabled": False}
    assert error(http.request(verb, "/proxies/a", content="")) == (400, "bad request body: EOF")
    assert error(http.request(verb, "/proxies/b", content="")) == (404, "proxy not found")


def test_an_update_that_changes_nothing_leaves_the_port_alone(http: httpx.Client, a: dict[str, Any]) -> None:
    same = a["listen"].replace("127.0.0.1", "localhost")
    assert http.post("/proxies/a", json={"listen": same, "upstream": NOWHERE}).json() == a


def test_a_failed_move_leaves_the_proxy_disabled_at_its_new_address(
    http: httpx.Client, a: dict[str, Any]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        listen = f"127.0.0.1:{taken.getsockname()[1]}"
        assert http.post("/proxies/a", json={"listen": listen}).status_code == 500
    assert http.get("/proxies/a").json() == a | {"listen": listen, "enabled": False}


@pytest.mark.usefixtures("a")
def test_a_toxic_gets_its_defaults(http: httpx.Client) -> None:
    answer = http.post("/proxies/a/toxics", json={"type": "latency", "attributes": {"latency": 100}})
    assert (answer.status_code, answer.headers["content-type"]) == (200, JSON)
    assert answer.text == (
        '{"attributes":{"latency":100,"jitter":0},"name":"latency_downstream","type":"latency",'
        '"stream":"downstream","toxicity":1}'
    )
    up = http.post("/proxies/a/toxics", json={"type": "latency", "stream": "Upstream", "toxicity": 0.2})
    assert '"name":"latency_Upstream"' in up.text
    assert '"stream":"Upstream","toxicity":0.2}' in up.text


@pytest.mark.parametrize(
    ("body", "status", "text"),
    [
        ("", 400, "bad request body: EOF"),
        ('{"type": "x", "stream": "x"}', 400, BAD_STREAM),
        ('{"type": "latency", "stream": ""}', 400, BAD_STREAM),
        ('{"type": "x"}', 400, "invalid toxic type"),
        ('{"type": "timeout", "name": "latency_downstream"}', 409, TAKEN),
        ('{"type": "latency", "stream": "upstream", "name": "latency_downstream"}', 409, TAKEN),
        ('{"type": "slicer", "attributes": {"delay": "1"}}', 400,
         f"{BAD_JSON} string into Go struct field .attributes.delay of type int64"),
    ],
)  # fmt: skip
@pytest.mark.usefixtures("a")
def test_a_toxic_that_cannot_be_made_is_refused(
    http: httpx.Client, body: str, status: int, text: str
) -> None:
    http.post("/proxies/a/toxics", json={"type": "latency"})
    assert error(http.post("/proxies/a/toxics", content=body)) == (status, text)
    assert error(http.post("/proxies/none/toxics", content=body)) == (404, "proxy not found")


@pytest.mark.usefixtures("a")
def test_attributes_of_null_are_all_zero(http: httpx.Client) -> None:
    answer = http.post("/proxies/a/toxics", json={"type": "bandwidth", "attributes": None})
    assert answer.json()["attributes"] == {"rate": 0}


@pytest.mark.parametrize("verb", ["POST", "PATCH"])
@pytest.mark.usefixtures("a")
def test_a_toxic_is_updated_key_by_key(http: httpx.Client, verb: str) -> None:
    http.post("/proxies/a/toxics", json={"type": "latency", "attributes": {"latency": 100}})
    where = "/proxies/a/toxics/latency_downstream"
    merged = http.request(verb, where, json={"attributes": {"jitter": 5}}).json()
    assert merged["attributes"] == {"latency": 100, "jitter": 5}
    fixed = http.request(verb, where, json={"toxicity": 0.5, "type": "timeout", "name": "b"}).json()
    assert (fixed["toxicity"], fixed["type"], fixed["name"]) == (0.5, "latency", "latency_downstream")
    assert error(http.request(verb, "/proxies/a/toxics/none", content="")) == (404, "toxic not found")


@pytest.mark.usefixtures("a")
def test_toxics_are_listed_upstream_first_and_deleted(http: httpx.Client) -> None:
    for name, stream in (("d1", "downstream"), ("u1", "upstream"), ("d2", "downstream")):
        http.post("/proxies/a/toxics", json={"type": "noop", "name": name, "stream": stream})
    assert [toxic["name"] for toxic in http.get("/proxies/a/toxics").json()] == ["u1", "d1", "d2"]
    assert http.get("/proxies/a/toxics/u1").json()["attributes"] == {}
    assert http.delete("/proxies/a/toxics/u1").status_code == 204
    assert error(http.delete("/proxies/a/toxics/u1")) == (404, "toxic not found")


@pytest.mark.usefixtures("a")
def test_reset_starts_everything_and_removes_every_toxic(http: httpx.Client) -> None:
    http.post("/proxies/a/toxics", json={"type": "timeout"})
    http.post("/proxies/a", json={"enabled": False})
    answer = http.post("/reset")
    assert (answer.status_code, answer.content) == (204, b"")
    body = http.get("/proxies/a").json()
    assert (body["enabled"], body["toxics"]) == (True, [])


def test_populate_keeps_what_fits_and_replaces_what_does_not(http: httpx.Client, a: dict[str, Any]) -> None:
    http.post("/proxies/a/toxics", json={"type": "timeout"})
    same = A | {"listen": a["listen"], "enabled": False}
    kept = http.post("/populate", json=[same, A | {"name": "b"}])
    assert kept.status_code == 201
    first, second = kept.json()["proxies"]
    assert (first["enabled"], len(first["toxics"]), second["name"]) == (True, 1, "b")
    moved = http.post("/populate", json=[same | {"upstream": "127.0.0.1:10"}]).json()["proxies"]
    assert (moved[0]["toxics"], moved[0]["upstream"]) == ([], "127.0.0.1:10")
    assert list(http.get("/proxies").json()) == ["a", "b"]


def test_populating_with_nothing_answers_null(http: httpx.Client) -> None:
    answer = http.post("/populate", json=[])
    assert (answer.status_code, answer.text) == (201, '{"proxies":null}')


def test_a_refused_populate_is_json_and_says_how_far_it_came(http: httpx.Client) -> None:
    incomplete = http.post("/populate", json=[A, {"name": "b"}])
    assert incomplete.text == (
        '{"error":"missing required field: upstream at proxy 2","status":400,"proxies":null}'
    )
    assert incomplete.headers["content-type"] == JSON
    stopped = http.post("/populate", json=[A, A | {"name": "b", "listen": "nonsense"}]).json()
    assert (stopped["status"], [proxy["name"] for proxy in stopped["proxies"]]) == (500, ["a"])


def test_a_browser_is_kept_out_of_routes_that_exist(http: httpx.Client) -> None:
    browser = {"User-Agent": "Mozilla/5.0"}
    answer = http.get("/proxies", headers=browser)
    assert (answer.status_code, answer.text) == (403, "User agent not allowed\n")
    assert http.get("/nope", headers=browser).status_code == 404


@pytest.mark.parametrize("path", ["/nope", "/", "/proxies/", "/proxies/a/toxics/b/c"])
def test_another_path_is_gos_404(http: httpx.Client, path: str) -> None:
    answer = http.get(path)
    assert (answer.status_code, answer.text) == (404, "404 page not found\n")
    assert "x-toxiproxy-request-id" not in answer.headers


@pytest.mark.parametrize(
    ("verb", "path"), [("PUT", "/proxies"), ("HEAD", "/proxies"), ("GET", "/reset"), ("POST", "/version")]
)
def test_another_verb_is_an_empty_405(http: httpx.Client, verb: str, path: str) -> None:
    answer = http.request(verb, path)
    assert (answer.status_code, answer.content) == (405, b"")


def test_a_doubled_slash_is_redirected(http: httpx.Client) -> None:
    answer = http.get("/proxies//a")
    assert (answer.status_code, answer.headers["location"]) == (301, "/proxies/a")


def test_every_answer_of_a_route_has_an_id_of_its_own(http: httpx.Client) -> None:
    ids = {http.get("/version").headers["x-toxiproxy-request-id"] for _ in range(3)}
    assert {len(each) for each in ids} == {20}
    assert len(ids) == 3


def test_what_comes_after_the_first_value_is_ignored(http: httpx.Client) -> None:
    assert http.post("/proxies", content=json.dumps(A) + "garbage").status_code == 201


def test_bytes_are_counted_when_a_connection_ends(http: httpx.Client, toxiproxy: Toxiproxy) -> None:
    with proxied(toxiproxy, name="counted") as proxy:
        with connected(proxy) as client:
            client.sendall(b"12345")
            assert read_exactly(client, 5) == b"12345"
        labels = f'listener="{proxy.listen}",proxy="counted",upstream="{proxy.upstream}"'
        for kind in ("received", "sent"):
            line = f'toxiproxy_proxy_{kind}_bytes_total{{direction="upstream",{labels}}} 5.0'
            assert wait_until(lambda line=line: line in http.get("/metrics").text, 5)  # type: ignore[misc]


def test_metrics_are_404_unless_asked_for(tmp_path: Path) -> None:
    with ProxyProcess(TcpPartSettings(), tmp_path) as process:
        answer = httpx.get(f"{process.url}/metrics", trust_env=False)
    assert (answer.status_code, answer.text) == (404, "404 page not found\n")
