"""Answers of EST servers as RFC 7030 and HTTP allow them, beyond what libEST's own parser takes.

Chunks, header names in any case, a missing `smime-type`, a full chain, PEM armour or bare DER, a connection
that stays open: any of these is an answer. What is not is one with another content type or a cut body.
"""

import base64
import contextlib

import httptools

from loadtests.errors import EnrollmentFailed
from loadtests.est.reply import (
    MAX_REPLY_BYTES,
    ContentType,
    EstReply,
    failed_status,
    no_answer,
)
from testbed.est_errors import EstError

_DER_SEQUENCE = b"\x30"
_ARMOUR = b"-----"


class RfcReader:
    """Reads one answer as its bytes come."""

    def __init__(self) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self._fields: list[tuple[str, str]] = []
        self._body = bytearray()
        self._first = b""
        self._headers_done = self._complete = self._broken = False

    def feed(self, data: bytes) -> bool:
        """Take the next bytes; False once the answer is complete or cannot become one."""
        self._first = self._first or data[:40]
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self._broken = not self._complete
        return not (self._complete or self._broken or len(self._body) > MAX_REPLY_BYTES)

    def reply(self, expected: ContentType) -> EstReply:
        """The answer; call it when no more bytes come. Never raises."""
        if not self._first:
            return no_answer()
        if not self._headers_done:
            return EstReply(
                None, failure=EnrollmentFailed(EstError.UNKNOWN, f"not an HTTP answer: {self._first!r}")
            )
        status = int(self._parser.get_status_code())
        if status == 200:
            try:
                return EstReply(status, self._accepted(expected.partition(";")[0]))
            except EnrollmentFailed as failure:
                return EstReply(status, failure=failure)
        if status == 202:
            wait = self._field("retry-after") or "none"
            reason = f"the CA has not decided; Retry-After: {wait}"
            return EstReply(status, failure=EnrollmentFailed(EstError.CA_ENROLL_RETRY, reason))
        offered = tuple(value for name, value in self._fields if name == "www-authenticate")
        return failed_status(status, bytes(self._body), offered)

    def _accepted(self, wanted: str) -> bytes:
        framed = {"content-length", "transfer-encoding"} & {name for name, _ in self._fields}
        if self._broken or (framed and not self._complete):
            raise EnrollmentFailed(
                EstError.HTTP_UNSUPPORTED, f"the answer was cut after {len(self._body)} bytes"
            )
        kind = self._field("content-type")
        if kind.partition(";")[0].strip().lower() != wanted:
            raise EnrollmentFailed(EstError.HTTP_UNSUPPORTED, f"content type {kind!r} instead of {wanted}")
        if not self._body.strip():
            raise EnrollmentFailed(EstError.ZERO_LENGTH_BUF, "200 with an empty body")
        return _as_base64(bytes(self._body))

    def _field(self, wanted: str) -> str:
        return next((value for name, value in self._fields if name == wanted), "")

    # httptools calls these.

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header field."""
        self._fields.append((name.decode("latin-1").lower(), value.decode("latin-1").strip()))

    def on_headers_complete(self) -> None:
        """The head is over."""
        self._headers_done = True

    def on_body(self, data: bytes) -> None:
        """A piece of the body."""
        self._body += data

    def on_message_complete(self) -> None:
        """The answer is over."""
        status = 0
        with contextlib.suppress(httptools.HttpParserError):
            status = int(self._parser.get_status_code())
        if status >= 200:  # an interim answer is not the answer
            self._complete = True
        else:
            self._fields.clear()
            self._headers_done = False


def _as_base64(body: bytes) -> bytes:
    """The body in base64 without armour, whichever of the three forms it came in."""
    if body.startswith(_DER_SEQUENCE):
        return base64.b64encode(body)
    lines = body.replace(b"\0", b"").splitlines()
    return b"\n".join(line for line in lines if not line.startswith(_ARMOUR))
