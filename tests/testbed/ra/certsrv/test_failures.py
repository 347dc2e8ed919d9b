import socket
import ssl

import pytest
from httptools import HttpParserError

from testbed.ra.certsrv.failures import Progress, curl_error
from testbed.web.client import ConnectionClosed, Phase, ReplyTooLarge

HOST = "lab-dc.michamen.com"


def after(phase: Phase, seconds: float = 10.0, **more: object) -> Progress:
    return Progress(HOST, 443, phase, seconds, **more)  # type: ignore[arg-type]


def said(error: Exception, progress: Progress) -> tuple[int, str]:
    curl = curl_error(error, progress)
    return curl.code, curl.text


@pytest.mark.parametrize(
    ("progress", "text"),
    [
        (after(Phase.RESOLVE), "Resolving timed out after 10000 milliseconds"),
        (after(Phase.CONNECT), "Connection timed out after 10000 milliseconds"),
        (after(Phase.TLS), "Connection timed out after 10000 milliseconds"),
        (after(Phase.TLS, connect_timer_first=True), "SSL connection timeout"),
        (after(Phase.REPLY), "Operation timed out after 10000 milliseconds with 0 bytes received"),
        (after(Phase.REPLY, 10.0012), "Operation timed out after 10001 milliseconds with 0 bytes received"),
        (
            after(Phase.REPLY, 1.0, body_bytes=3, declared_bytes=100),
            "Operation timed out after 1000 milliseconds with 3 out of 100 bytes received",
        ),
    ],
)
def test_a_timeout_says_what_was_waited_for(progress: Progress, text: str) -> None:
    assert said(TimeoutError(), progress) == (28, text)


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        (socket.EAI_NONAME, "Domain name not found"),
        (socket.EAI_NODATA, "DNS server returned answer with no data"),
        (socket.EAI_AGAIN, "Could not contact DNS servers"),
        (socket.EAI_FAIL, "DNS server returned general failure"),
        (socket.EAI_MEMORY, "DNS server returned general failure"),
    ],
)
def test_a_name_that_does_not_resolve_is_6_with_the_resolvers_reason(number: int, reason: str) -> None:
    error = socket.gaierror(number, "whatever the C library says")
    assert said(error, after(Phase.RESOLVE)) == (6, f"Could not resolve: {HOST} ({reason})")


def test_a_refused_connection_is_7() -> None:
    error = ConnectionRefusedError(111, "Connect call failed ('127.0.0.1', 443)")
    text = f"Failed to connect to {HOST} port 443: Connection refused"
    assert said(error, after(Phase.CONNECT)) == (7, text)


def test_the_kernels_own_connect_timeout_is_7_not_28() -> None:
    assert said(TimeoutError(110, "Connection timed out"), after(Phase.CONNECT))[0] == 7


def test_a_handshake_that_fails_is_35_with_openssls_reason() -> None:
    error = ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER] wrong version number (_ssl.c:1000)")
    error.reason = "WRONG_VERSION_NUMBER"
    assert said(error, after(Phase.TLS)) == (35, "error:SSL routines::wrong version number")


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (ConnectionResetError(104, "Connection reset by peer"), "Connection reset by peer"),
        (ConnectionResetError(), "SSL_ERROR_SYSCALL"),
    ],
)
def test_a_handshake_that_breaks_is_35(error: OSError, reason: str) -> None:
    assert said(error, after(Phase.TLS)) == (35, f"OpenSSL SSL_connect: {reason} in connection to {HOST}:443")


@pytest.mark.parametrize(
    ("error", "progress", "expected"),
    [
        (ConnectionClosed(), after(Phase.REPLY), (52, "Empty reply from server")),
        (
            ConnectionClosed(),
            after(Phase.REPLY, body_bytes=3, declared_bytes=100),
            (18, "transfer closed with 97 bytes remaining to read"),
        ),
        (
            ConnectionClosed(),
            after(Phase.REPLY, body_bytes=3),
            (18, "transfer closed with outstanding read data remaining"),
        ),
        (
            ConnectionResetError(104, "reset"),
            after(Phase.REPLY),
            (56, "Recv failure: Connection reset by peer"),
        ),
        (BrokenPipeError(32, "pipe"), after(Phase.REPLY), (55, "Send failure: Broken pipe")),
        (ReplyTooLarge("big"), after(Phase.REPLY), (63, "Maximum file size exceeded")),
        (
            HttpParserError("Expected HTTP/, RTSP/ or ICE/"),
            after(Phase.REPLY),
            (1, "Received HTTP/0.9 when not allowed"),
        ),
        (
            HttpParserError("Invalid HTTP version"),
            after(Phase.REPLY),
            (1, "Unsupported HTTP version in response"),
        ),
        (
            HttpParserError("Invalid character in chunk size"),
            after(Phase.REPLY),
            (56, "Illegal or missing hexadecimal sequence in chunked-encoding"),
        ),
        (
            HttpParserError("Invalid character in Content-Length"),
            after(Phase.REPLY),
            (8, "Invalid Content-Length: value"),
        ),
        (HttpParserError("Invalid header token"), after(Phase.REPLY), (8, "Weird server reply")),
    ],
)
def test_an_answer_that_breaks_has_its_own_code(
    error: Exception, progress: Progress, expected: tuple[int, str]
) -> None:
    assert said(error, progress) == expected
