import asyncio
import socket
import ssl
import struct

import pytest
import uvloop

from testbed.pki import Identity, LabPki, client_context, server_context
from testbed.web.messages import Limits, Request, Response
from testbed.web.server import HttpServer, Refusal
from tests.testbed.web.conftest import Recorder, Run, Wire, connected, echo, eventually, serving, tls

GET = b"GET /a?b=c HTTP/1.1\r\nHost: h\r\n\r\n"


def post(body: bytes, *headers: str) -> bytes:
    lines = ["POST /p HTTP/1.1", "Host: h", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


def reset(writer: asyncio.StreamWriter) -> None:
    """Close with a TCP reset."""
    sock = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


def test_a_session_gets_the_request_as_it_was_sent(run: Run, pki: LabPki) -> None:
    async def scenario() -> None:
        recorder = Recorder()
        async with serving(recorder, tls=tls(pki)) as port, connected(port, pki) as wire:
            wire.write(post(b"body", "X-One: 1"))
            assert (await wire.answers()).endswith(b"\r\n\r\nPOST /p body")
        request = recorder.requests[0]
        assert (request.method, request.path, request.body) == ("POST", "/p", b"body")
        assert request.headers.get("x-one") == "1"

    run(scenario())


def test_pipelined_requests_are_answered_in_order(run: Run) -> None:
    async def scenario() -> None:
        async with serving(Recorder()) as port, connected(port) as wire:
            wire.write(b"".join(b"GET /%d HTTP/1.1\r\nHost: h\r\n\r\n" % n for n in range(50)))
            answers = await wire.answers(50)
            positions = [answers.index(b"GET /%d " % n) for n in range(50)]
            assert positions == sorted(positions)

    run(scenario())


def test_a_request_in_single_bytes_is_one_request(run: Run) -> None:
    async def scenario() -> None:
        recorder = Recorder()
        async with serving(recorder) as port, connected(port) as wire:
            for byte in post(b"abc"):
                wire.write(bytes([byte]))
                await wire.writer.drain()
            await wire.answers()
        assert [request.body for request in recorder.requests] == [b"abc"]

    run(scenario())


def test_each_connection_has_its_own_number_and_addresses(run: Run) -> None:
    async def scenario() -> None:
        recorder = Recorder()
        async with serving(recorder) as port, connected(port) as one, connected(port) as two:
            for wire in (one, two):
                wire.write(GET)
                await wire.answers()
            assert [peer.number for peer in recorder.peers] == [1, 2]
            assert recorder.peers[0].server_port == port
            assert recorder.peers[0].client_port == one.writer.get_extra_info("sockname")[1]

    run(scenario())


def test_a_session_sees_the_tls_channel(run: Run, pki: LabPki) -> None:
    async def scenario() -> None:
        recorder = Recorder()
        context = client_context(pki.trust_anchor)
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        async with serving(recorder, tls=tls(pki)) as port:
            _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
            await recorder.until(lambda: bool(recorder.peers))
            mine = writer.get_extra_info("ssl_object").get_channel_binding("tls-unique")
            assert recorder.peers[0].tls_unique() == mine
            assert recorder.peers[0].certificate_der() is None
            writer.close()

    run(scenario())


def test_connection_close_is_honoured_and_said(run: Run, pki: LabPki) -> None:
    async def scenario() -> None:
        async with serving(Recorder(), tls=tls(pki)) as port, connected(port, pki) as wire:
            wire.write(b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
            answer = await wire.rest()
            assert b"Connection: close\r\n" in answer
            assert answer.endswith(b"GET / ")

    run(scenario())


def test_an_http_1_0_request_closes_its_connection(run: Run) -> None:
    async def scenario() -> None:
        async with serving(Recorder()) as port, connected(port) as wire:
            wire.write(b"GET / HTTP/1.0\r\n\r\n")
            assert (await wire.rest()).endswith(b"GET / ")

    run(scenario())


def test_expect_continue_is_answered_before_the_body(run: Run) -> None:
    async def scenario() -> None:
        async with serving(Recorder()) as port, connected(port) as wire:
            request = post(b"abc", "Expect: 100-continue")
            wire.write(request[:-3])
            assert await wire.reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
            wire.write(request[-3:])
            assert (await wire.answers()).endswith(b"POST /p abc")

    run(scenario())


def test_a_wish_to_upgrade_is_served_as_if_it_had_not_been_made(run: Run) -> None:
    async def scenario() -> None:
        async with serving(Recorder()) as port, connected(port) as wire:
            wire.write(b"GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n")
            answer = await wire.rest()
            assert answer.startswith(b"HTTP/1.1 200")
            assert b"Connection: close\r\n" in answer

    run(scenario())


def test_head_gets_no_body(run: Run) -> None:
    async def scenario() -> None:
        async with serving(Recorder()) as port, connected(port) as wire:
            wire.write(b"HEAD / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
            assert (await wire.rest()).endswith(b"\r\n\r\n")

    run(scenario())


LIMITS = Limits(header_bytes=500, body_bytes=100, request_seconds=0.2, handshake_seconds=0.2)
TRAILERS = b"".join(b"X-%d: y\r\n" % n for n in range(1000))


@pytest.mark.parametrize(
    ("sent", "refusal"),
    [
        (b"nonsense\r\n\r\n", Refusal.MALFORMED),
        (b"GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", Refusal.MALFORMED),
        (b"POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", Refusal.MALFORMED),
        (b"GET / HTTP/1.1\r\nX: " + b"x" * 600 + b"\r\n\r\n", Refusal.HEADERS_TOO_LARGE),
        (b"GET /" + b"x" * 600 + b" HTTP/1.1\r\n\r\n", Refusal.HEADERS_TOO_LARGE),
        (b"GET / HTTP/1.1\r\nX: " + b"x" * 600, Refusal.HEADERS_TOO_LARGE),
        (b"POST / HTTP/1.1\r\nContent-Length: 101\r\n\r\n", Refusal.BODY_TOO_LARGE),
        (b"POST / HTTP/1.1\r\nContent-Length: " + b"9" * 30 + b"\r\n\r\n", Refusal.MALFORMED),
        (
            b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n" + b"x" * 255 + b"\r\n",
            Refusal.BODY_TOO_LARGE,
        ),
        (
            b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" + TRAILERS,
            Refusal.HEADERS_TOO_LARGE,
        ),
        (b"", Refusal.TOO_SLOW),
        (b"GET / HTTP/1.1\r\nX", Refusal.TOO_SLOW),
        (b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nx", Refusal.TOO_SLOW),
    ],
)
def test_a_bad_request_is_refused_once_and_its_connection_closed(
    run: Run, sent: bytes, refusal: Refusal
) -> None:
    async def scenario() -> None:
        recorder = Recorder(refusal=Response(400, (), b"no", close=True))
        async with serving(recorder, LIMITS) as port, connected(port) as wire:
            wire.write(sent)
            assert (await wire.rest()).startswith(b"HTTP/1.1 400")
        assert recorder.refusals == [refusal]
        assert recorder.requests == []

    run(scenario())


def test_a_refusal_without_an_answer_closes_without_a_word(run: Run) -> None:
    async def scenario() -> None:
        async with serving(Recorder(), LIMITS) as port, connected(port) as wire:
            wire.write(b"nonsense\r\n\r\n")
            assert await wire.rest() == b""

    run(scenario())


def test_requests_before_a_malformed_one_are_answered_first(run: Run) -> None:
    async def scenario() -> None:
        recorder = Recorder(refusal=Response(400, (), b"no", close=True))
        async with serving(recorder) as port, connected(port) as wire:
            wire.write(GET + GET + b"nonsense\r\n\r\n")
            answers = await wire.rest()
            assert answers.count(b"HTTP/1.1 200") == 2
            assert answers.endswith(b"no")

    run(scenario())


def test_a_large_refused_body_does_not_hide_the_refusal(run: Run, pki: LabPki) -> None:
    async def scenario() -> None:
        recorder = Recorder(refusal=Response(413, (), b"too large", close=True))
        async with serving(recorder, tls=tls(pki)) as port, connected(port, pki) as wire:
            wire.write(post(b"x" * 1_000_000))
            assert (await wire.reader.readuntil(b"too large")).startswith(b"HTTP/1.1 413")

    run(scenario())


def test_a_client_that_never_completes_tls_is_dropped(run: Run, pki: LabPki) -> None:
    async def scenario() -> None:
        async with serving(Recorder(), LIMITS, tls(pki)) as port, connected(port) as wire:
            assert await wire.rest() == b""

    run(scenario())


def test_a_silent_client_does_not_hold_up_others(run: Run) -> None:
    async def scenario() -> None:
        async with serving(Recorder()) as port, connected(port) as silent, connected(port) as wire:
            silent.write(b"GET / HT")
            wire.write(GET)
            assert (await wire.answers()).startswith(b"HTTP/1.1 200")

    run(scenario())


def test_an_answer_to_a_client_that_left_counts_as_not_delivered(run: Run, pki: LabPki) -> None:
    async def scenario() -> None:
        gone = asyncio.Event()

        async def late(request: Request) -> Response:
            await gone.wait()
            return await echo(request)

        recorder = Recorder(late)
        async with serving(recorder, tls=tls(pki)) as port:
            async with connected(port, pki) as wire:
                wire.write(GET)
                await recorder.until(lambda: len(recorder.requests) == 1)
            async with connected(port, pki) as other:  # its service proves that the close has been read
                other.write(GET)
                await recorder.until(lambda: len(recorder.requests) == 2)
                gone.set()
                await other.answers()
            await recorder.until(lambda: len(recorder.deliveries) == 2)
            assert sorted(recorder.deliveries) == [False, True]

    run(scenario())


def test_a_reset_by_the_client_is_survived(run: Run) -> None:
    async def scenario() -> None:
        async with serving(Recorder()) as port:
            async with connected(port) as wire:
                wire.write(GET[:10])
                await wire.writer.drain()
                reset(wire.writer)
            async with connected(port) as wire:
                wire.write(GET)
                assert (await wire.answers()).startswith(b"HTTP/1.1 200")

    run(scenario())


def test_a_reader_that_takes_nothing_is_dropped(run: Run) -> None:
    async def scenario() -> None:
        async def huge(_: Request) -> Response:
            return Response(200, (), b"x" * 20_000_000)

        recorder = Recorder(huge)
        server = HttpServer(recorder, None, Limits(request_seconds=0.2))
        _, port = await server.start("127.0.0.1", 0)
        async with connected(port) as wire:
            wire.writer.transport.pause_reading()  # type: ignore[attr-defined]
            wire.write(GET + GET)
            await recorder.until(lambda: recorder.deliveries == [True])
            await eventually(lambda: not server.connections)
        await server.stop()
        assert len(recorder.requests) == 1

    run(scenario())


def test_stopping_drops_open_connections_and_frees_the_port(run: Run) -> None:
    async def scenario() -> None:
        async with serving(Recorder()) as port, connected(port) as wire:
            wire.write(GET)
            await wire.answers()
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", port)

    run(scenario())


def test_a_taken_port_is_an_os_error(run: Run) -> None:
    async def scenario() -> None:
        async with serving(Recorder()) as port:
            with pytest.raises(OSError, match="in use"):
                await HttpServer(Recorder(), None).start("127.0.0.1", port)

    run(scenario())


def test_other_tls_is_for_the_connections_after_and_those_there_go_on(run: Run, pki: LabPki) -> None:
    other = server_context(pki.ra_server)
    with_ca, with_ra = (x509_der(identity) for identity in (pki.ca_server, pki.ra_server))

    async def scenario() -> None:
        server = HttpServer(Recorder(), tls(pki))
        _, port = await server.start("127.0.0.1", 0)
        async with connected(port, pki) as before:
            await server.present(other)
            async with connected(port, pki) as after:
                assert [shown(before), shown(after)] == [with_ca, with_ra]
                for wire in (before, after):
                    wire.write(GET)
                    assert (await wire.answers()).startswith(b"HTTP/1.1 200")
            await server.present(tls(pki))
            async with connected(port, pki) as again:
                assert shown(again) == with_ca
        await server.stop()
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", port)

    run(scenario())


def test_nobody_is_turned_away_while_the_tls_is_changed(pki: LabPki) -> None:
    async def scenario() -> None:
        server = HttpServer(Recorder(), tls(pki))
        _, port = await server.start("127.0.0.1", 0)

        async def ask() -> None:
            async with connected(port, pki) as wire:
                wire.write(GET)
                assert (await wire.answers()).startswith(b"HTTP/1.1 200")

        asking = asyncio.gather(*(ask() for _ in range(40)))
        for _ in range(20):
            await server.present(server_context(pki.ra_server))
            await asyncio.sleep(0)
        await asking
        await eventually(lambda: not server.connections)
        await server.stop()

    uvloop.run(scenario())  # the parts' loop; asyncio's own drops whom it has accepted


def x509_der(identity: Identity) -> bytes:
    return ssl.PEM_cert_to_DER_cert(identity.certificate_path.read_text())


def shown(wire: Wire) -> bytes | None:
    found: bytes | None = wire.writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    return found
