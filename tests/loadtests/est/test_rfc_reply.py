"""What foreign servers send, cut into pieces at every place."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests.est.reply import ContentType, EstReply, LibestReader
from loadtests.est.rfc_reply import RfcReader
from testbed.est_errors import EstError

DER = b"\x30\x03\x02\x01\x05"
BASE64 = base64.b64encode(DER)
ARMOURED = b"-----BEGIN PKCS7-----\n" + BASE64 + b"\n-----END PKCS7-----\n"
LENGTH = b"Content-Length: %d\r\n" % len(BASE64)
TYPE = b"content-type: Application/PKCS7-MIME\r\n"
CHUNKED = b"".join(
    (b"HTTP/1.1 200 OK\r\n", TYPE, b"Transfer-Encoding: chunked\r\n\r\n", b"4\r\n", BASE64[:4], b"\r\n")
) + b"".join((b"4\r\n", BASE64[4:], b"\r\n0\r\n\r\n"))


def read(data: bytes, *, step: int = 0, expected: ContentType = ContentType.ENROLL) -> EstReply:
    reader = RfcReader()
    step = step or max(1, len(data))
    for at in range(0, len(data), step):
        if not reader.feed(data[at : at + step]):
            break
    return reader.reply(expected)


def error_of(reply: EstReply) -> EstError:
    assert reply.failure is not None
    return reply.failure.error


@pytest.mark.parametrize("step", [1, 7, 1000])
@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.1 200 OK\r\n" + TYPE + LENGTH + b"\r\n" + BASE64,
        b"HTTP/1.0 200 OK\r\n" + TYPE + b"\r\n" + BASE64,
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n" + TYPE + LENGTH + b"\r\n" + BASE64,
        b"HTTP/1.1 200 OK\r\n" + b"X-%d: 1\r\n" * 30 % tuple(range(30)) + TYPE + LENGTH + b"\r\n" + BASE64,
        CHUNKED,
    ],
)
def test_what_libest_refuses_is_read_however_it_is_cut(data: bytes, step: int) -> None:
    assert error_of(read_by_libest(data)) in (EstError.HTTP_UNSUPPORTED, EstError.UNKNOWN)
    reply = read(data, step=step)
    assert (reply.http_status, reply.failure) == (200, None)
    assert base64.b64decode(reply.body) == DER


def read_by_libest(data: bytes) -> EstReply:
    reader = LibestReader()
    reader.feed(data)
    return reader.reply(ContentType.ENROLL)


@pytest.mark.parametrize(
    "body",
    [
        DER,
        b"-----BEGIN PKCS7-----\n" + BASE64 + b"\n-----END PKCS7-----\n",
        BASE64[:3] + b"\r\n" + BASE64[3:],
    ],
)
def test_a_body_in_der_in_armour_or_in_lines_is_the_same_certificate(body: bytes) -> None:
    head = b"HTTP/1.1 200 OK\r\n" + TYPE + b"Content-Length: %d\r\n\r\n" % len(body)
    assert base64.b64decode(read(head + body).body) == DER


def test_an_answer_is_complete_without_the_servers_close() -> None:
    reader = RfcReader()
    assert not reader.feed(b"HTTP/1.1 200 OK\r\n" + TYPE + LENGTH + b"\r\n" + BASE64)
    reader = RfcReader()
    assert reader.feed(b"HTTP/1.1 200 OK\r\n" + TYPE + LENGTH + b"\r\n" + BASE64[:-1])


@pytest.mark.parametrize(
    ("data", "error", "words"),
    [
        (b"", EstError.HTTP_NOT_FOUND, "without an answer"),
        (b"SSH-2.0-OpenSSH_9\r\n", EstError.UNKNOWN, "not an HTTP answer"),
        (CHUNKED[:-12], EstError.HTTP_UNSUPPORTED, "cut after"),
        (b"HTTP/1.1 200 OK\r\n" + TYPE + LENGTH + b"\r\n" + BASE64[:-1], EstError.HTTP_UNSUPPORTED, "cut"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", EstError.HTTP_UNSUPPORTED, "content type ''"),
        (
            b"HTTP/1.1 200 OK\r\n" + TYPE + b"Content-Length: 0\r\n\r\n",
            EstError.ZERO_LENGTH_BUF,
            "empty body",
        ),
        (
            b"HTTP/1.1 202 Accepted\r\nRetry-After: Wed, 21 Oct 2026 07:28:00 GMT\r\n\r\n",
            EstError.CA_ENROLL_RETRY,
            "Wed, 21 Oct",
        ),
        (b"HTTP/1.1 403 Forbidden\r\nContent-Length: 4\r\n\r\nno.\n", EstError.UNKNOWN, "HTTP 403: no."),
    ],
)
def test_what_is_no_good_answer_has_its_error_and_says_why(data: bytes, error: EstError, words: str) -> None:
    reply = read(data)
    assert error_of(reply) is error
    assert words in str(reply.failure)


def test_a_refusal_brings_every_scheme_that_is_offered() -> None:
    head = b'HTTP/1.1 401 No\r\nwww-authenticate: Basic realm="a"\r\nWWW-Authenticate: Negotiate\r\n\r\n'
    assert read(head).challenges == ('Basic realm="a"', "Negotiate")
    assert read_by_libest(head).challenges == ('Basic realm="a"', "Negotiate")


@given(st.binary(max_size=300), st.integers(1, 50))
def test_no_bytes_make_the_reader_fail(data: bytes, step: int) -> None:
    read(data, step=step)
    read(b"HTTP/1.1 200 OK\r\n" + data, step=step)
