"""What libEST's client makes of the bytes an EST server sent until it closed the connection.

libEST has an HTTP parser of its own, stricter than RFC 9112: header names count with their case, at most 16
fields are read, the body must be as long as Content-Length says, chunks are not known. Each rule and each
code below was measured on libEST 3.2.0; what a rule does not cover says so.
"""

import enum
import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from loadtests.errors import EnrollmentFailed
from testbed.est_errors import EstError, error_of_status

MAX_REPLY_BYTES = 2_000_000
_MAX_FIELDS = 16
_STATUS_LINE = re.compile(rb"HTTP/1\.1 (\d{3})(?: [^\r\n]*)?\r\n")


class Profile(enum.StrEnum):
    """Whose manners: libEST's, with its limits, or what RFC 7030 and HTTP ask for and allow."""

    LIBEST = "libest"
    RFC = "rfc"


class ContentType(enum.StrEnum):
    """The content type that an operation's answer must have (RFC 7030 sections 4.1.3, 4.2.3, 4.5.2)."""

    CACERTS = "application/pkcs7-mime"
    ENROLL = "application/pkcs7-mime;smime-type=certs-only"
    CSRATTRS = "application/csrattrs"


@dataclass(frozen=True, slots=True)
class EstReply:
    """An answer's status, None when there was none, and either its body or the error it amounts to.

    `challenges` are the WWW-Authenticate values of a refusal.
    """

    http_status: int | None
    body: bytes = b""
    failure: EnrollmentFailed | None = None
    challenges: tuple[str, ...] = ()


class ReplyReader(Protocol):
    """Reads one answer as its bytes come."""

    def feed(self, data: bytes) -> bool:
        """Take the next bytes; False when no more are wanted."""
        ...

    def reply(self, expected: ContentType) -> EstReply:
        """What the answer is; call it when no more bytes come. Never raises."""
        ...


class LibestReader:
    """Takes everything until the server closes, as libEST does."""

    def __init__(self) -> None:
        self._data = b""

    def feed(self, data: bytes) -> bool:
        """Take the next bytes; False once there are more than libEST reads."""
        self._data += data
        return len(self._data) <= MAX_REPLY_BYTES

    def reply(self, expected: ContentType) -> EstReply:
        """The answer, by libEST's rules."""
        return read_reply(self._data, expected)


def read_reply(data: bytes, expected: ContentType) -> EstReply:
    """The answer in `data`, everything that came before the close; never raises."""
    if not data:
        return no_answer()
    line = _STATUS_LINE.match(data)
    if line is None:
        return _failed(None, EstError.UNKNOWN, f"not an HTTP/1.1 answer: {data[:40]!r}")
    status = int(line[1])
    head, _, body = data.partition(b"\r\n\r\n")
    try:
        if status == 200:
            return EstReply(status, _accepted(_fields(head), body, expected))
        if status == 202:
            raise _pending(_fields(head).get("Retry-After", ""))
    except EnrollmentFailed as failure:
        return EstReply(status, failure=failure)
    return failed_status(status, body, _challenges(head))


def no_answer() -> EstReply:
    """What a connection that closed before the first byte amounts to."""
    return _failed(None, EstError.HTTP_NOT_FOUND, "the server closed the connection without an answer")


def failed_status(status: int, body: bytes, challenges: tuple[str, ...]) -> EstReply:
    """What an answer with any status but 200 and 202 amounts to."""
    return EstReply(
        status, b"", EnrollmentFailed(error_of_status(status), f"HTTP {status}{_words(body)}"), challenges
    )


def _failed(status: int | None, error: EstError, reason: str) -> EstReply:
    return EstReply(status, failure=EnrollmentFailed(error, reason))


@functools.lru_cache(maxsize=64)
def _fields(head: bytes) -> Mapping[str, str]:
    """The header fields; a server's heads are the same for a second or so."""
    lines = head.decode("latin-1").split("\r\n")[1:]
    if len(lines) > _MAX_FIELDS:
        raise EnrollmentFailed(
            EstError.HTTP_UNSUPPORTED, f"{len(lines)} header fields; libEST reads no more than {_MAX_FIELDS}"
        )
    pairs = (line.partition(":") for line in lines)
    return {name: value.strip() for name, _, value in pairs}


def _challenges(head: bytes) -> tuple[str, ...]:
    pairs = (line.partition(":") for line in head.decode("latin-1").split("\r\n")[1:])
    return tuple(value.strip() for name, _, value in pairs if name.lower() == "www-authenticate")


def _accepted(fields: Mapping[str, str], body: bytes, expected: ContentType) -> bytes:
    length = fields.get("Content-Length", "")
    if length == "0" and not body:
        raise EnrollmentFailed(EstError.ZERO_LENGTH_BUF, "200 with an empty body")
    kind = fields.get("Content-Type", "")
    if not kind.replace(" ", "").lower().startswith(expected):
        raise EnrollmentFailed(EstError.HTTP_UNSUPPORTED, f"content type {kind!r} instead of {expected}")
    if not (length.isascii() and length.isdigit()):
        raise EnrollmentFailed(EstError.HTTP_UNSUPPORTED, f"Content-Length {length!r}, not a number")
    if int(length) != len(body):
        raise EnrollmentFailed(
            EstError.HTTP_UNSUPPORTED, f"the body has {len(body)} bytes, Content-Length says {length}"
        )
    return body


def _pending(retry_after: str) -> EnrollmentFailed:
    if retry_after.isascii() and retry_after.isdigit():
        return EnrollmentFailed(EstError.CA_ENROLL_RETRY, f"the CA has not decided; retry in {retry_after} s")
    return EnrollmentFailed(
        EstError.INVALID_RETRY_VALUE, f"202 with Retry-After {retry_after!r}, not a number of seconds"
    )


def _words(body: bytes) -> str:
    """The first line of an error's body, for the reason's sake."""
    text = body[:120].decode("ascii", "replace").strip()
    return f": {text.splitlines()[0]}" if text else ""
