"""Debian's pebble-challtestsrv as oracle: the same requests and queries to both, the same answers.

Held apart on purpose: ours sets AA, answers EDNS, finds names in any case, cuts what does not fit over UDP
and splits long texts; the words of a JSON error are those of each one's own reader; and TXT is asked for with
the last dot, without which the oracle's older versions do not find it.
"""

import contextlib
import itertools
import json
import shutil
import socket
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from dnslib import DNSRecord
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chaos.dns.plan import DnsPartSettings
from chaos.dns.process import DnsProcess
from tests.chaos.dns.asking import framed, packet, tcp_socket, udp_socket
from tests.processes import wait_until

ORACLE = "pebble-challtestsrv"
pytestmark = pytest.mark.skipif(not shutil.which(ORACLE), reason=f"{ORACLE} is not installed")

NAMES = itertools.count(1)
CLEARED = ["a", "aaaa", "caa", "cname", "txt", "servfail"]
HOST_FORMS = ["{}.test", "{}.test.", "sub.{}.test", ""]
ADDRESSES = [
    "127.0.0.2",
    "127.0.0.3",
    "::2",
    "2001:db8::1",
    "::ffff:1.2.3.4",
    "lab-dc",
    "1.2.3",
    "01.2.3.4",
    "",
]
TYPES = ["A", "AAAA", "TXT", "CNAME", "CAA", "MX", "ANY", "SOA", "NS"]
WORDS_OF_ONES_OWN = ("json:", "invalid", "unexpected")

Posted = tuple[int, str | None, str]


@dataclass(frozen=True)
class Server:
    """Where a server of either kind answers."""

    address: str
    http: httpx.Client

    def post(self, path: str, body: bytes, method: str = "POST") -> Posted:
        """Status, content type, and what is said: nothing where each reader of JSON has words of its own."""
        answer = self.http.request(method, path, content=body)
        said = answer.text.lower()
        own = answer.status_code == 400 and said.startswith(WORDS_OF_ONES_OWN)
        return answer.status_code, answer.headers.get("content-type"), "" if own else said

    def ask(self, name: str, type_: str, *, over_tcp: bool = False) -> tuple[object, ...]:
        """The reply's code, question, answers and authority."""
        if over_tcp:
            with tcp_socket(self.address) as asking, asking.makefile("rb") as stream:
                asking.sendall(framed(packet(name, type_)))
                reply = DNSRecord.parse(stream.read(int.from_bytes(stream.read(2))))
        else:
            with udp_socket(self.address) as asking:
                asking.send(packet(name, type_))
                reply = DNSRecord.parse(asking.recv(65_535))
        header = reply.header
        flags = (header.id, header.qr, header.opcode, header.tc, header.rd, header.ra, header.rcode)
        return flags, *(list(map(str, part)) for part in (reply.questions, reply.rr, reply.auth, reply.ar))

    def history(self, name: str) -> list[object]:
        """What was asked about a name."""
        answer = self.http.post("/dns-request-history", json={"host": name})
        return [event["Question"] for event in answer.json()]


@dataclass(frozen=True)
class Pair:
    """Both servers; whatever is done is done to both, and must come to the same."""

    oracle: Server
    ours: Server

    def post(self, path: str, body: bytes | Mapping[str, object], method: str = "POST") -> Posted:
        sent = body if isinstance(body, bytes) else json.dumps(body).encode()
        expected = self.oracle.post(path, sent, method)
        assert self.ours.post(path, sent, method) == expected, (method, path, sent)
        return expected

    def ask(self, name: str, type_: str, *, over_tcp: bool = False) -> tuple[object, ...]:
        expected = self.oracle.ask(name, type_, over_tcp=over_tcp)
        assert self.ours.ask(name, type_, over_tcp=over_tcp) == expected
        return expected


def free_port() -> int:
    """A port that is free for UDP and TCP: the oracle has no way to tell which one it was given."""
    with socket.create_server(("127.0.0.1", 0)) as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
        port = int(tcp.getsockname()[1])
        udp.bind(("127.0.0.1", port))
    return port


@contextlib.contextmanager
def oracle() -> Iterator[Server]:
    dns, management = f"127.0.0.1:{free_port()}", f"127.0.0.1:{free_port()}"
    known = subprocess.run([ORACLE, "-h"], capture_output=True, text=True, check=False, timeout=10).stderr
    dns_flag = "-dnsserver" if "-dnsserver" in known else "-dns01"
    off = [flag for flag in ("-http01", "-https01", "-tlsalpn01", "-doh") if f"{flag} " in known]
    command = [
        ORACLE,
        dns_flag,
        dns,
        "-management",
        management,
        *(part for flag in off for part in (flag, "")),
    ]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            assert wait_until(lambda: listens(dns) and listens(management), 10)
            with client(f"http://{management}") as http:
                yield Server(dns, http)
        finally:
            process.kill()


def client(url: str) -> httpx.Client:
    return httpx.Client(base_url=url, trust_env=False)


def listens(address: str) -> bool:
    with contextlib.suppress(OSError), tcp_socket(address):
        return True
    return False


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    directory: Path = tmp_path_factory.mktemp("dns")
    with oracle() as theirs, DnsProcess(DnsPartSettings(), directory) as ours, client(ours.url) as http:
        yield Pair(theirs, Server(ours.address, http))


@pytest.fixture
def host() -> str:
    return f"n{next(NAMES)}.test"


@pytest.mark.parametrize("path", [f"/clear-{name}" for name in CLEARED] + ["/set-servfail"])
def test_what_takes_a_host_needs_one(pair: Pair, path: str, host: str) -> None:
    assert pair.post(path, {"host": host})[0] == 200
    assert pair.post(path, {"host": ""})[0] == 400
    assert pair.post(path, {})[0] == 400


@pytest.mark.parametrize(
    ("path", "key", "value", "empty"),
    [
        ("/add-a", "addresses", ["127.0.0.2"], []),
        ("/add-aaaa", "addresses", ["::2"], []),
        ("/add-caa", "policies", [{"tag": "issue", "value": "x"}], []),
        ("/set-txt", "value", "foo", ""),
        ("/set-cname", "target", "other.test", ""),
    ],
)
def test_what_takes_a_value_needs_both(
    pair: Pair, path: str, key: str, value: object, empty: object, host: str
) -> None:
    assert pair.post(path, {"host": host, key: value})[0] == 200
    for body in ({"host": host}, {"host": host, key: empty}, {"host": "", key: value}, {key: value}):
        assert pair.post(path, body)[0] == 400


@pytest.mark.parametrize(
    "path", ["/add-a", "/set-default-ipv4", "/clear-request-history", "/dns-request-history"]
)
@pytest.mark.parametrize(
    "body",
    [
        b"", b" ", b"{", b"null", b"[]", b'"x"', b"1", b'{"host":1}', b'{"ip":[]}', b'{"host":"x"} more',
        b'{"host":"x","type":7}', b'{"host":null,"addresses":null,"ip":null,"type":null}', b"\xff", b"nul",
        b'{"HOST":"upper.test","Addresses":["127.0.0.2"],"Type":"dns","IP":"127.0.0.1","more":{}}',
    ],
)  # fmt: skip
def test_bodies_are_read_as_leniently_and_as_strictly(pair: Pair, path: str, body: bytes) -> None:
    pair.post(path, body)
    pair.post("/set-default-ipv4", {"ip": "127.0.0.1"})


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
def test_any_method_will_do(pair: Pair, method: str, host: str) -> None:
    assert pair.post("/add-a", {"host": host, "addresses": ["127.0.0.2"]}, method)[0] == 200
    pair.ask(host, "A")


@pytest.mark.parametrize("path", ["/", "/add-a/", "/ADD-A", "/add-http01", "/nothing"])
def test_other_paths_are_not_there(pair: Pair, path: str) -> None:
    assert pair.post(path, {"host": "x"})[0] == 404


@pytest.mark.parametrize("kind", ["dns", "http", "tlsalpn", "", "DNS", "nonsense"])
def test_histories_are_cleared_by_type(pair: Pair, kind: str, host: str) -> None:
    pair.ask(host, "A")
    pair.post("/clear-request-history", {"host": host, "type": kind})
    assert pair.ours.history(host) == pair.oracle.history(host)
    pair.post("/clear-request-history", {"host": "", "type": kind})


def test_histories_hold_every_question_in_order(pair: Pair, host: str) -> None:
    assert pair.post("/dns-request-history", {"host": host})[2] == "[]"
    for type_ in TYPES:
        pair.ask(host, type_)
    assert len(pair.oracle.history(host)) == len(TYPES)
    assert pair.ours.history(host) == pair.oracle.history(host)
    assert pair.ours.history(f"{host}.") == pair.oracle.history(f"{host}.") == []


@pytest.mark.parametrize("path", ["/http-request-history", "/tlsalpn01-request-history"])
def test_the_histories_of_other_protocols_are_empty(pair: Pair, path: str, host: str) -> None:
    assert pair.post(path, {"host": host})[2] == "[]"
    assert pair.post(path, {})[0] == 400


hosts = st.sampled_from(HOST_FORMS)
some_addresses = st.lists(st.sampled_from(ADDRESSES), max_size=3)
texts = st.text(st.characters(min_codepoint=32, max_codepoint=126, exclude_characters='\\"'), max_size=40)
policies = st.lists(
    st.fixed_dictionaries({"tag": st.sampled_from(["issue", "iodef"]), "value": texts}), max_size=2
)
requests = st.one_of(
    st.tuples(st.just("add-a"), hosts, st.fixed_dictionaries({"addresses": some_addresses})),
    st.tuples(st.just("add-aaaa"), hosts, st.fixed_dictionaries({"addresses": some_addresses})),
    st.tuples(st.just("add-caa"), hosts, st.fixed_dictionaries({"policies": policies})),
    st.tuples(st.just("set-txt"), hosts, st.fixed_dictionaries({"value": texts})),
    st.tuples(st.just("set-cname"), hosts, st.fixed_dictionaries({"target": hosts})),
    st.tuples(st.just("set-servfail"), hosts, st.just({})),
    st.tuples(st.sampled_from(CLEARED).map("clear-{}".format), hosts, st.just({})),
    st.tuples(
        st.sampled_from(["set-default-ipv4", "set-default-ipv6"]),
        hosts,
        st.fixed_dictionaries({"ip": st.sampled_from(ADDRESSES)}),
    ),
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(requests, max_size=6), st.booleans())
def test_any_requests_lead_to_the_same_answers(
    pair: Pair, done: list[tuple[str, str, dict[str, object]]], over_tcp: bool
) -> None:
    label = f"n{next(NAMES)}"
    for path, form, more in done:
        host = form.format(label)
        dot = "." if host and path.endswith("txt") and not host.endswith(".") else ""
        target = {"target": str(more["target"]).format(label)} if "target" in more else {}
        pair.post(f"/{path}", {**more, **target, "host": host + dot})
    for name, type_ in itertools.product((f"{label}.test", f"sub.{label}.test"), TYPES):
        pair.ask(name, type_, over_tcp=over_tcp)
    pair.post("/set-default-ipv4", {"ip": "127.0.0.1"})
    pair.post("/set-default-ipv6", {"ip": "::1"})
