"""Each failure is made by a real peer on loopback: a server that misbehaves on one socket."""

import base64
import contextlib
import re
import socket
import ssl
import struct
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from loadtests.errors import ScenarioError, TargetError
from loadtests.est.authentication import Credentials
from loadtests.est.client import (
    EstClient,
    EstOperation,
    EstTarget,
    Exchange,
    get_cacerts,
    parse_target,
)
from loadtests.est.tls_stream import Timers
from loadtests.phones.keys import generate
from loadtests.phones.phone import Phone
from loadtests.scenario import KeyType
from testbed import pki
from testbed.est_errors import EstError
from testbed.web.messages import Request, Response
from tests.loadtests.est_server import ENROLL_TYPE, EstServer, LabCa, make_ca
from tests.loadtests.peers import read_request, tcp_peer, tls_peer

SHORT = Timers(connect_seconds=5, handshake_seconds=0.3, read_seconds=0.3)
OK = b"HTTP/1.1 200 OK\r\nContent-Type: " + ENROLL_TYPE.encode() + b"\r\nContent-Length: 4\r\n\r\nMIIB"


def enroll(ca: LabCa, port: int, timers: Timers = SHORT, host: str = "127.0.0.1") -> Exchange:
    client = EstClient(EstTarget(host, port), ca.client_tls, Credentials("capf", "secret"), timers)
    return client.enroll(EstOperation.SIMPLEENROLL, b"csr")


def error_of(exchange: Exchange) -> EstError:
    assert exchange.reply.failure is not None
    assert exchange.reply.failure.reason
    return exchange.reply.failure.error


def test_the_request_is_capfs(est_server: EstServer, lab_ca: LabCa) -> None:
    est_server.handle = lambda _: Response(204)
    client = EstClient(
        EstTarget("127.0.0.1", est_server.port), lab_ca.client_tls, Credentials("capf", "sec:ret")
    )
    client.enroll(EstOperation.SIMPLEENROLL, bytes(range(100)))
    (request,) = est_server.requests
    assert (request.method, request.target) == ("POST", "/.well-known/est/simpleenroll")
    assert request.headers.pairs == (
        ("User-Agent", "Cisco EST client 1.0"),
        ("Connection", "close"),
        ("Host", f"127.0.0.1:{est_server.port}"),
        ("Accept", "*/*"),
        ("Content-Type", "application/pkcs10"),
        ("Content-Length", "139"),
        ("Authorization", f"Basic {base64.b64encode(b'capf:sec:ret').decode()}"),
    )
    assert [len(line) for line in request.body.split(b"\n")] == [64, 64, 8, 0]
    assert base64.b64decode(request.body) == bytes(range(100))


def test_a_renewal_goes_to_simplereenroll_under_the_path_segment(
    est_server: EstServer, lab_ca: LabCa
) -> None:
    client = EstClient(EstTarget("127.0.0.1", est_server.port, "phones"), lab_ca.client_tls)
    est_server.handle = lambda _: Response(204)
    client.enroll(EstOperation.SIMPLEREENROLL, b"csr")
    (request,) = est_server.requests
    assert request.path == "/.well-known/est/phones/simplereenroll"
    assert request.headers.get("Authorization") is None


def test_a_good_answer_is_handed_on_with_every_stages_time(est_server: EstServer, lab_ca: LabCa) -> None:
    phone = Phone(0, "SEP020000000001", generate(KeyType.P_256))
    client = EstClient(EstTarget("127.0.0.1", est_server.port), lab_ca.client_tls)
    exchange = client.enroll(EstOperation.SIMPLEENROLL, phone.csr_der())
    timing = exchange.timing
    assert (exchange.reply.http_status, exchange.reply.failure) == (200, None)
    assert exchange.reply.body.startswith(b"MII")
    assert None not in (timing.connected, timing.secured, timing.sent, timing.answered)
    times = [timing.started, timing.connected, timing.secured, timing.sent, timing.answered, timing.done]
    assert times == sorted(time for time in times if time is not None)


@pytest.mark.skipif(not hasattr(socket, "TCP_QUICKACK"), reason="this system has no TCP_QUICKACK")
def test_a_quick_acknowledgement_frees_a_server_that_writes_in_pieces(lab_ca: LabCa) -> None:
    def answer_in_pieces(connection: ssl.SSLSocket, _over: object) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 0)
        read_request(connection)
        for piece in (OK[:10], OK[10:20], OK[20:]):
            connection.sendall(piece)
        connection.unwrap()

    def read_seconds(timers: Timers) -> float:
        with tls_peer(older, answer_in_pieces) as port:
            timing = enroll(lab_ca, port, timers).timing
        assert timing.answered is not None
        return timing.done - timing.answered

    older = lab_ca.server_tls
    older.maximum_version = ssl.TLSVersion.TLSv1_2
    late = max(read_seconds(Timers()) for _ in range(3))
    quick = min(read_seconds(Timers(quick_ack=True)) for _ in range(3))
    assert late > 0.03
    assert quick < 0.02


def test_an_unknown_name_is_ip_getaddr(lab_ca: LabCa) -> None:
    assert error_of(enroll(lab_ca, 8084, host="no-such-host.invalid")) == EstError.IP_GETADDR


def test_a_refused_connection_is_ip_connect(lab_ca: LabCa) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert error_of(enroll(lab_ca, port)) == EstError.IP_CONNECT


def test_a_silent_peer_is_ssl_connect_when_the_handshake_timer_ends(lab_ca: LabCa) -> None:
    with tcp_peer(lambda _, over: over.wait(10)) as port:
        exchange = enroll(lab_ca, port)
    assert error_of(exchange) == EstError.SSL_CONNECT
    assert 0.3 <= exchange.timing.done - exchange.timing.started < 5


def test_a_peer_that_drips_its_handshake_does_not_stretch_the_handshake_timer(lab_ca: LabCa) -> None:
    def drip(connection: socket.socket, over: threading.Event) -> None:
        connection.sendall(b"\x16\x03\x03\x40\x00")
        while not over.wait(0.05):
            connection.sendall(b"\x02")

    with tcp_peer(drip) as port:
        exchange = enroll(lab_ca, port)
    assert error_of(exchange) == EstError.SSL_CONNECT
    assert exchange.timing.done - exchange.timing.started < 5


def test_a_peer_that_does_not_speak_tls_is_ssl_connect(lab_ca: LabCa) -> None:
    with tcp_peer(lambda connection, _: connection.sendall(b"220 mail ESMTP\r\n" * 10)) as port:
        assert error_of(enroll(lab_ca, port)) == EstError.SSL_CONNECT


def test_a_peer_that_hangs_up_in_the_handshake_is_ssl_connect(lab_ca: LabCa) -> None:
    with tcp_peer(lambda connection, _: connection.recv(1)) as port:
        assert error_of(enroll(lab_ca, port)) == EstError.SSL_CONNECT


def test_a_server_of_an_unknown_ca_is_ssl_connect(lab_ca: LabCa, tmp_path: Path) -> None:
    stranger = make_ca(tmp_path)
    with tls_peer(stranger.server_tls, lambda connection, _: connection.recv(1)) as port:
        exchange = enroll(lab_ca, port)
    assert error_of(exchange) == EstError.SSL_CONNECT
    assert "unable to get local issuer" in str(exchange.reply.failure)


def test_a_server_with_another_name_is_fqdn_mismatch(lab_ca: LabCa, tmp_path: Path) -> None:
    key = generate(KeyType.P_256)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    certificate = lab_ca.issue(subject, key.public_key())
    identity = pki.write_identity(tmp_path, "nameless", key, certificate)
    with tls_peer(pki.server_context(identity), lambda connection, _: connection.recv(1)) as port:
        assert error_of(enroll(lab_ca, port)) == EstError.FQDN_MISMATCH


def test_a_name_of_the_server_is_accepted_as_well_as_its_address(
    est_server: EstServer, lab_ca: LabCa
) -> None:
    assert get_cacerts(EstTarget("localhost", est_server.port), lab_ca.client_tls) == [lab_ca.certificate]


def test_a_server_that_takes_the_request_and_stays_silent_is_ssl_read(lab_ca: LabCa) -> None:
    def silent(connection: ssl.SSLSocket, over: threading.Event) -> None:
        read_request(connection)
        over.wait(10)

    with tls_peer(lab_ca.server_tls, silent) as port:
        exchange = enroll(lab_ca, port)
    assert error_of(exchange) == EstError.SSL_READ
    assert exchange.timing.sent is not None
    assert exchange.timing.answered is None
    assert exchange.timing.done - exchange.timing.sent >= 0.3


def test_a_whole_answer_on_a_connection_kept_open_is_ssl_read(lab_ca: LabCa) -> None:
    def keep_open(connection: ssl.SSLSocket, over: threading.Event) -> None:
        read_request(connection)
        connection.sendall(OK)
        over.wait(10)

    with tls_peer(lab_ca.server_tls, keep_open) as port:
        assert error_of(enroll(lab_ca, port)) == EstError.SSL_READ


def test_a_slow_drip_of_any_length_succeeds(lab_ca: LabCa) -> None:
    def drip(connection: ssl.SSLSocket, over: threading.Event) -> None:
        read_request(connection)
        for byte in OK[:20]:
            connection.sendall(bytes([byte]))
            over.wait(0.03)
        connection.sendall(OK[20:])
        connection.unwrap()

    with tls_peer(lab_ca.server_tls, drip) as port:
        exchange = enroll(lab_ca, port)
    assert exchange.reply.body == b"MIIB"
    assert exchange.timing.done - exchange.timing.started > SHORT.read_seconds


def test_a_reset_is_ssl_read(lab_ca: LabCa) -> None:
    def reset(connection: ssl.SSLSocket, _: threading.Event) -> None:
        read_request(connection)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    with tls_peer(lab_ca.server_tls, reset) as port:
        assert error_of(enroll(lab_ca, port)) == EstError.SSL_READ


def test_a_peer_that_dies_without_taking_leave_is_ssl_read(lab_ca: LabCa) -> None:
    with tls_peer(lab_ca.server_tls, lambda connection, _: read_request(connection)) as port:
        assert error_of(enroll(lab_ca, port)) == EstError.SSL_READ


def test_a_clean_close_without_an_answer_is_http_not_found(lab_ca: LabCa) -> None:
    def take_leave(connection: ssl.SSLSocket, _: threading.Event) -> None:
        read_request(connection)
        connection.unwrap()

    with tls_peer(lab_ca.server_tls, take_leave) as port:
        assert error_of(enroll(lab_ca, port)) == EstError.HTTP_NOT_FOUND


def test_a_whole_answer_counts_though_the_peer_does_not_take_leave(lab_ca: LabCa) -> None:
    def answer(connection: ssl.SSLSocket, _: threading.Event) -> None:
        read_request(connection)
        connection.sendall(OK)

    with tls_peer(lab_ca.server_tls, answer) as port:
        assert enroll(lab_ca, port).reply.body == b"MIIB"


def test_an_answer_cut_by_the_peers_death_is_no_success(lab_ca: LabCa) -> None:
    def cut(connection: ssl.SSLSocket, _: threading.Event) -> None:
        read_request(connection)
        connection.sendall(OK[:-2])

    with tls_peer(lab_ca.server_tls, cut) as port:
        assert error_of(enroll(lab_ca, port)) == EstError.HTTP_UNSUPPORTED


def test_an_endless_answer_is_cut_off(lab_ca: LabCa) -> None:
    def flood(connection: ssl.SSLSocket, _: threading.Event) -> None:
        read_request(connection)
        while True:
            connection.sendall(b"x" * 65536)

    with tls_peer(lab_ca.server_tls, flood) as port:
        assert error_of(enroll(lab_ca, port)) == EstError.UNKNOWN


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        (Response(401, (("WWW-Authenticate", 'Basic realm="estrealm"'),)), EstError.AUTH_FAIL),
        (Response(202, (("Retry-After", "600"),)), EstError.CA_ENROLL_RETRY),
        (Response(200, (("Content-Type", ENROLL_TYPE),)), EstError.ZERO_LENGTH_BUF),
        (Response(503, (("Retry-After", "5"),)), EstError.UNKNOWN),
    ],
)
def test_an_answer_other_than_200_is_translated(
    est_server: EstServer, lab_ca: LabCa, response: Response, expected: EstError
) -> None:
    est_server.handle = lambda _: response
    exchange = enroll(lab_ca, est_server.port)
    assert (error_of(exchange), exchange.reply.http_status) == (expected, response.status)


def test_cacerts_gives_the_cas_certificates(est_server: EstServer, lab_ca: LabCa) -> None:
    assert get_cacerts(EstTarget("127.0.0.1", est_server.port), lab_ca.client_tls) == [lab_ca.certificate]


def web_page(_: Request) -> Response:
    return Response(200, (("Content-Type", "text/html"),), b"<html>It works!</html>")


@pytest.mark.parametrize("handle", [web_page, lambda _: Response(404), lambda _: Response(500)])
def test_a_target_that_is_no_est_server_is_named_in_one_line(
    est_server: EstServer, lab_ca: LabCa, handle: Callable[[Request], Response]
) -> None:
    est_server.handle = handle
    target = EstTarget("127.0.0.1", est_server.port)
    with pytest.raises(TargetError, match=re.escape(str(target))) as caught:
        get_cacerts(target, lab_ca.client_tls)
    assert "\n" not in str(caught.value)


def test_a_target_that_is_not_there_is_named_in_one_line(lab_ca: LabCa) -> None:
    with pytest.raises(TargetError, match=r"https://127\.0\.0\.1:1 .*IP_CONNECT"):
        get_cacerts(EstTarget("127.0.0.1", 1), lab_ca.client_tls)


@pytest.mark.parametrize(
    ("url", "segment", "expected"),
    [
        ("https://ra.example:8084", "", EstTarget("ra.example", 8084)),
        ("https://ra.example", "", EstTarget("ra.example", 443)),
        ("https://ra.example:8084/phones", "", EstTarget("ra.example", 8084, "phones")),
        ("https://ra.example:8084/", "phones", EstTarget("ra.example", 8084, "phones")),
        ("https://ra.example:8084/.well-known/est/phones", "", EstTarget("ra.example", 8084, "phones")),
        ("https://[::1]:8084", "", EstTarget("::1", 8084)),
    ],
)
def test_a_target_is_read_from_its_url(url: str, segment: str, expected: EstTarget) -> None:
    assert parse_target(url, segment) == expected


@pytest.mark.parametrize(
    "url", ["http://ra:80", "ra:8084", "", "https://", "https://ra:port", "https://ra/a/b", "https://[::1"]
)
def test_a_url_that_names_no_est_server_is_refused(url: str) -> None:
    with pytest.raises(ScenarioError):
        parse_target(url)


def test_two_different_segments_are_refused() -> None:
    with pytest.raises(ScenarioError, match="one"):
        parse_target("https://ra:8084/phones", "printers")


@given(st.text())
def test_no_text_makes_the_url_reader_fail_otherwise(text: str) -> None:
    with contextlib.suppress(ScenarioError):
        parse_target(text)
    with contextlib.suppress(ScenarioError):
        parse_target(f"https://{text}")


def test_ipv6_addresses_stand_in_brackets() -> None:
    assert str(EstTarget("::1", 8084, "phones")) == "https://[::1]:8084/phones"
