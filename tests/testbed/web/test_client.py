import asyncio
import socket
import ssl

import pytest
from httptools import HttpParserError

from testbed.pki import LabPki, client_context, server_context
from testbed.web.client import ConnectionClosed, HttpConnection, Origin, Phase, ReplyTooLarge
from testbed.web.messages import Reply, Response
from tests.testbed.raw_server import Script, cut, raw_server, reset, saying, shut, stay
from tests.testbed.web.conftest import Recorder, Run, eventually, serving, tls

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc"


def connection_to(port: int, pki: LabPki, limit_bytes: int = 100_000) -> HttpConnection:
    return HttpConnection(Origin("127.0.0.1", port), client_context(pki.trust_anchor), limit_bytes)


async def get(connection: HttpConnection, method: str = "GET") -> Reply:
    return await connection.send(method, "/", (("Host", "h"),))


def exchange(run: Run, pki: LabPki, script: Script, method: str = "GET") -> Reply:
    """The reply of a raw server that follows `script`."""
    replies: list[Reply] = []

    async def scenario(port: int) -> None:
        connection = connection_to(port, pki)
        await connection.open()
        try:
            replies.append(await asyncio.wait_for(get(connection, method), 5))
        finally:
            connection.close()

    with raw_server(script, server_context(pki.ca_server)) as port:
        run(scenario(port))
    return replies[0]


def test_requests_follow_one_another_on_one_connection(run: Run, pki: LabPki) -> None:
    async def scenario() -> None:
        recorder = Recorder()
        async with serving(recorder, tls=tls(pki)) as port:
            connection = connection_to(port, pki)
            await connection.open()
            for number in range(3):
                reply = await connection.send("GET", f"/{number}", (("Host", "h"),))
                assert reply.body == b"GET /%d " % number
                assert reply.keep_alive
            connection.close()
        assert len(recorder.peers) == 1

    run(scenario())


def test_a_body_and_headers_go_out_as_given(run: Run, pki: LabPki) -> None:
    async def scenario() -> None:
        recorder = Recorder()
        async with serving(recorder, tls=tls(pki)) as port:
            connection = connection_to(port, pki)
            await connection.open()
            await connection.send("POST", "/", (("X-One", "1"), ("Content-Length", "2")), b"ab")
            connection.close()
        assert recorder.requests[0].headers.pairs == (("X-One", "1"), ("Content-Length", "2"))
        assert recorder.requests[0].body == b"ab"

    run(scenario())


def test_the_peers_certificate_is_known_after_the_handshake(run: Run, pki: LabPki) -> None:
    async def scenario() -> None:
        async with serving(Recorder(), tls=tls(pki)) as port:
            connection = connection_to(port, pki)
            assert connection.peer_certificate_der() is None
            await connection.open()
            pem = ssl.DER_cert_to_PEM_cert(connection.peer_certificate_der() or b"")
            assert pem == pki.ca_server.certificate_path.read_text()
            connection.close()

    run(scenario())


@pytest.mark.parametrize(
    ("said", "end", "body"),
    [
        (OK, stay, b"abc"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", stay, b"abc"),
        (b"HTTP/1.1 200 OK\r\n\r\nabc", shut, b"abc"),
        (b"HTTP/1.1 200 OK\r\n\r\nabc", cut, b"abc"),
        (b"HTTP/1.1 204 No Content\r\n\r\n", stay, b""),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + OK, stay, b"abc"),
        (b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + OK, stay, b"abc"),
        (b"HTTP/1.1 200 OK\r\n\r\n", shut, b""),
    ],
)
def test_a_whole_answer_is_a_reply(run: Run, pki: LabPki, said: bytes, end: Script, body: bytes) -> None:
    assert exchange(run, pki, saying(said, end)).body == body


def test_the_answer_to_head_ends_with_its_headers(run: Run, pki: LabPki) -> None:
    reply = exchange(run, pki, saying(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", stay), "HEAD")
    assert reply.headers.get("content-length") == "9"


def test_a_reply_says_when_no_other_may_follow(run: Run, pki: LabPki) -> None:
    closing = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    assert not exchange(run, pki, saying(closing, stay)).keep_alive


@pytest.mark.parametrize("end", [shut, cut])
@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"HTTP/1.",
        b"HTTP/1.1 200 OK\r\nConte",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
    ],
)
def test_an_answer_cut_short_is_no_reply(run: Run, pki: LabPki, said: bytes, end: Script) -> None:
    with pytest.raises(ConnectionClosed):
        exchange(run, pki, saying(said, end))


def test_a_reset_is_a_connection_error(run: Run, pki: LabPki) -> None:
    with pytest.raises(ConnectionResetError):
        exchange(run, pki, saying(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", reset))


@pytest.mark.parametrize(
    "said",
    [
        b"garbage\r\n\r\n",
        b"HTTP/1.1 abc\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ],
)
def test_what_is_not_http_is_a_parser_error(run: Run, pki: LabPki, said: bytes) -> None:
    with pytest.raises(HttpParserError):
        exchange(run, pki, saying(said, stay))


@pytest.mark.parametrize(
    "said",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n" + b"x" * 200_000,
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 50_000,
    ],
)
def test_an_answer_beyond_the_limit_is_refused(run: Run, pki: LabPki, said: bytes) -> None:
    with pytest.raises(ReplyTooLarge):
        exchange(run, pki, saying(said, stay))


def test_how_far_an_answer_came_is_known(run: Run, pki: LabPki) -> None:
    said = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"

    async def scenario(port: int) -> None:
        connection = connection_to(port, pki)
        await connection.open()
        waiting = asyncio.ensure_future(get(connection))
        await eventually(lambda: connection.body_bytes == 3)
        assert connection.received_bytes == len(said)
        assert connection.declared_bytes == 9
        assert connection.phase is Phase.REPLY
        connection.close()
        with pytest.raises(ConnectionClosed):
            await waiting

    with raw_server(saying(said, stay), server_context(pki.ca_server)) as port:
        run(scenario(port))


def test_bytes_nobody_asked_for_never_become_an_answer(run: Run, pki: LabPki) -> None:
    async def scenario(port: int) -> None:
        connection = connection_to(port, pki)
        await connection.open()
        assert (await get(connection)).body == b"abc"
        await eventually(lambda: not connection.is_open)
        with pytest.raises(ConnectionClosed):
            await get(connection)

    def script(connection: socket.socket) -> None:
        saying(OK, lambda _: None)(connection)
        connection.sendall(OK)
        stay(connection)

    with raw_server(script, server_context(pki.ca_server)) as port:
        run(scenario(port))


def test_a_refused_connection_fails_while_connecting(run: Run, pki: LabPki) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closing:
        port = closing.getsockname()[1]

    async def scenario() -> None:
        connection = connection_to(port, pki)
        with pytest.raises(ConnectionRefusedError):
            await connection.open()
        assert connection.phase is Phase.CONNECT

    run(scenario())


def test_an_unknown_name_fails_while_resolving(run: Run, pki: LabPki) -> None:
    async def scenario() -> None:
        origin = Origin("no-such-host.invalid", 443)
        connection = HttpConnection(origin, client_context(pki.trust_anchor))
        with pytest.raises(socket.gaierror):
            await connection.open()
        assert connection.phase is Phase.RESOLVE

    run(scenario())


def test_an_untrusted_certificate_fails_in_tls(run: Run, pki: LabPki) -> None:
    async def scenario() -> None:
        async with serving(Recorder(), tls=tls(pki)) as port:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            connection = HttpConnection(Origin("127.0.0.1", port), context)
            with pytest.raises(ssl.SSLCertVerificationError):
                await connection.open()
            assert connection.phase is Phase.TLS

    run(scenario())


def test_a_closed_connection_sends_nothing(run: Run, pki: LabPki) -> None:
    async def scenario() -> None:
        recorder = Recorder(lambda _: asyncio.sleep(0, Response(200)))
        async with serving(recorder, tls=tls(pki)) as port:
            connection = connection_to(port, pki)
            await connection.open()
            connection.close()
            connection.close()
            with pytest.raises(ConnectionClosed):
                await get(connection)
        assert recorder.requests == []

    run(scenario())


def test_a_server_that_closes_before_the_handshake_is_an_error_every_time(run: Run, pki: LabPki) -> None:
    def close_at_once(connection: socket.socket) -> None:
        connection.shutdown(socket.SHUT_WR)

    async def scenario(port: int) -> None:
        for _ in range(100):
            connection = connection_to(port, pki)
            with pytest.raises(OSError):  # noqa: PT011 - a reset, or an end: both are
                await connection.open()
            assert connection.phase is Phase.TLS

    with raw_server(close_at_once, None) as port:
        run(scenario(port))
