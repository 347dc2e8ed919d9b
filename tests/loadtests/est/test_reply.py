import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests.est.reply import ContentType, read_reply
from testbed.est_errors import EstError

TYPE = b"Content-Type: application/pkcs7-mime; smime-type=certs-only\r\n"
LENGTH = b"Content-Length: 4\r\n"
OK = b"HTTP/1.1 200 OK\r\n"


def answer(*fields: bytes, line: bytes = OK, body: bytes = b"MIIB") -> bytes:
    return line + b"".join(fields) + b"\r\n" + body


def error_of(data: bytes) -> EstError:
    failure = read_reply(data, ContentType.ENROLL).failure
    return failure.error if failure else EstError.NONE


def test_a_complete_answer_gives_its_body() -> None:
    reply = read_reply(answer(TYPE, LENGTH), ContentType.ENROLL)
    assert (reply.http_status, reply.body, reply.failure) == (200, b"MIIB", None)


def test_garbage_of_the_right_length_is_handed_on_as_libest_does() -> None:
    assert read_reply(answer(TYPE, LENGTH, body=b"\0\1\2\3"), ContentType.ENROLL).body == b"\0\1\2\3"


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", EstError.HTTP_NOT_FOUND),
        (b"\x15\x03\x01", EstError.UNKNOWN),
        (answer(TYPE, LENGTH, line=b"HTTP/1.0 200 OK\r\n"), EstError.UNKNOWN),
        (answer(TYPE, b"Content-Length: 14\r\n"), EstError.HTTP_UNSUPPORTED),
        (answer(TYPE, b"Content-Length: 3\r\n"), EstError.HTTP_UNSUPPORTED),
        (answer(TYPE), EstError.HTTP_UNSUPPORTED),
        (answer(TYPE, b"Transfer-Encoding: chunked\r\n"), EstError.HTTP_UNSUPPORTED),
        (answer(TYPE, b"Content-Length: -4\r\n"), EstError.HTTP_UNSUPPORTED),
        (answer(TYPE.lower(), LENGTH.lower()), EstError.HTTP_UNSUPPORTED),
        (answer(b"Content-Type: text/html\r\n", LENGTH), EstError.HTTP_UNSUPPORTED),
        (answer(b"Content-Type: application/pkcs7-mime\r\n", LENGTH), EstError.HTTP_UNSUPPORTED),
        (answer(TYPE, LENGTH, *[b"X: y\r\n"] * 20), EstError.HTTP_UNSUPPORTED),
        (answer(TYPE, b"Content-Length: 0\r\n", body=b""), EstError.ZERO_LENGTH_BUF),
        (answer(b"Retry-After: 60\r\n", line=b"HTTP/1.1 202 Accepted\r\n"), EstError.CA_ENROLL_RETRY),
        (
            answer(
                b"Retry-After: Wed, 21 Oct 2026 07:28:00 GMT\r\n", line=b"HTTP/1.1 202 Accepted\r\n"
            ),
            EstError.INVALID_RETRY_VALUE,
        ),
        (answer(line=b"HTTP/1.1 202 Accepted\r\n"), EstError.INVALID_RETRY_VALUE),
    ],
    ids=[
        "closed without a byte", "not HTTP", "HTTP/1.0", "body too short", "body too long", "no length",
        "chunked", "negative length", "lower-case names", "HTML", "certs-only missing", "too many fields",
        "empty", "pending", "pending until a date", "pending without a time",
    ],
)  # fmt: skip
def test_each_answer_has_libests_error(data: bytes, expected: EstError) -> None:
    assert error_of(data) == expected


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (204, EstError.HTTP_NO_CONTENT),
        (301, EstError.UNKNOWN),
        (400, EstError.HTTP_BAD_REQ),
        (401, EstError.AUTH_FAIL),
        (403, EstError.UNKNOWN),
        (404, EstError.HTTP_NOT_FOUND),
        (423, EstError.HTTP_LOCKED),
        (429, EstError.UNKNOWN),
        (500, EstError.UNKNOWN),
        (503, EstError.UNKNOWN),
        (504, EstError.UNKNOWN),
    ],
)
def test_each_status_has_libests_error(status: int, expected: EstError) -> None:
    reply = read_reply(answer(LENGTH, line=b"HTTP/1.1 %d Reason\r\n" % status), ContentType.ENROLL)
    assert reply.failure is not None
    assert (reply.http_status, reply.failure.error) == (status, expected)


def test_the_reason_of_an_error_status_quotes_what_the_server_said() -> None:
    data = answer(line=b"HTTP/1.1 500 Internal\r\n", body=b"Error 500: the CA refused\nmore")
    failure = read_reply(data, ContentType.ENROLL).failure
    assert failure is not None
    assert failure.reason == "HTTP 500: Error 500: the CA refused"


def test_cacerts_needs_no_certs_only_parameter() -> None:
    data = answer(b"Content-Type: application/pkcs7-mime\r\n", LENGTH)
    assert read_reply(data, ContentType.CACERTS).body == b"MIIB"


@given(st.binary() | st.binary().map(lambda tail: b"HTTP/1.1 200 OK\r\n" + tail))
def test_no_bytes_make_the_reader_fail(data: bytes) -> None:
    reply = read_reply(data, ContentType.ENROLL)
    assert (reply.failure is None) == (reply.http_status == 200 and reply.body != b"")


@given(body=st.binary(min_size=1), cut=st.integers(0, 10_000))
def test_an_answer_cut_anywhere_is_never_a_success(body: bytes, cut: int) -> None:
    data = answer(TYPE, b"Content-Length: %d\r\n" % len(body), body=body)
    assert error_of(data[: cut % len(data)]) != EstError.NONE
