"""What EST offers, by path and method, and what a request must look like (RFC 7030 section 3.2.2)."""

import enum

from testbed.errors import EstRefused
from testbed.est_errors import EstError

PREFIX = "/.well-known/est/"
_SEGMENT_CHARACTERS = 128
_REQUEST_TYPE = "application/pkcs10"


class Operation(enum.Enum):
    """What EST offers here; the value is the last segment of the path and the metrics' label."""

    CACERTS = "cacerts"
    CSRATTRS = "csrattrs"
    SIMPLEENROLL = "simpleenroll"
    SIMPLEREENROLL = "simplereenroll"
    SERVERKEYGEN = "serverkeygen"

    @property
    def enrolls(self) -> bool:
        """Whether it is sent a certificate request."""
        return self not in (Operation.CACERTS, Operation.CSRATTRS)

    @property
    def method(self) -> str:
        """The HTTP method it is asked for with."""
        return "POST" if self.enrolls else "GET"


_OPERATIONS = {operation.value: operation for operation in Operation}


def operation_of(path: str) -> Operation:
    """The operation a path names, one additional segment allowed before it; EstRefused when it names none."""
    if not path.startswith(PREFIX):
        raise EstRefused(EstError.HTTP_UNSUPPORTED, f"{path} is not under {PREFIX}")
    *segments, name = path.removeprefix(PREFIX).split("/")
    if not name and segments:
        raise EstRefused(EstError.HTTP_NOT_FOUND, "the path ends with a slash")
    if name not in _OPERATIONS or len(segments) > 1:
        raise EstRefused(EstError.HTTP_BAD_REQ, f"{path} names no EST operation")
    if segments and (segments[0] in _OPERATIONS or not 0 < len(segments[0]) <= _SEGMENT_CHARACTERS):
        raise EstRefused(EstError.HTTP_INVALID_PATH_SEGMENT, f"{segments[0]} cannot be a path segment")
    return _OPERATIONS[name]


def check_method(operation: Operation, method: str) -> None:
    """EstRefused unless the operation is asked for with its method."""
    if method != operation.method:
        text = f"{operation.value} takes {operation.method}, not {method}"
        raise EstRefused(EstError.WRONG_METHOD, text)


def check_request_type(content_type: str | None, content_length: str | None, *, chunked: bool) -> None:
    """EstRefused unless a request body says that it is a PKCS#10, and how long it is.

    `chunked` allows one without a length.
    """
    kind = (content_type or "").partition(";")[0].strip().lower()
    if kind != _REQUEST_TYPE:
        raise EstRefused(EstError.BAD_CONTENT_TYPE, f"content type {content_type}, not {_REQUEST_TYPE}")
    if content_length is None and not chunked:
        raise EstRefused(EstError.BAD_CONTENT_LEN, "no Content-Length")
