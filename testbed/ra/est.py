"""EST as it stands on the wire: paths, status codes and bodies, libEST's where the RFC leaves a choice.

Every error body starts `Error NNN: reason` and ends the connection; a 200 keeps it open unless the client
asked otherwise. RFC 7030, and libEST 3.2 measured.
"""

import enum
from http import HTTPStatus

from testbed.errors import EstRefused
from testbed.est_errors import EstError
from testbed.web.messages import Header, Response
from testbed.web.server import Refusal

PREFIX = "/.well-known/est/"
_SEGMENT_CHARACTERS = 128
_REQUEST_TYPE = "application/pkcs10"


class Operation(enum.Enum):
    """What EST offers here; the value is the last segment of the path and the metrics' label."""

    CACERTS = "cacerts"
    CSRATTRS = "csrattrs"
    SIMPLEENROLL = "simpleenroll"
    SIMPLEREENROLL = "simplereenroll"

    @property
    def enrolls(self) -> bool:
        """Whether it is sent a certificate request."""
        return self in (Operation.SIMPLEENROLL, Operation.SIMPLEREENROLL)


_OPERATIONS = {operation.value: operation for operation in Operation}

_STATUSES = {
    EstError.AUTH_FAIL: HTTPStatus.UNAUTHORIZED,
    EstError.AUTH_PENDING: HTTPStatus.UNAUTHORIZED,
    EstError.BAD_PKCS10: HTTPStatus.BAD_REQUEST,
    EstError.HTTP_BAD_REQ: HTTPStatus.BAD_REQUEST,
    EstError.WRONG_METHOD: HTTPStatus.BAD_REQUEST,
    EstError.BAD_CONTENT_TYPE: HTTPStatus.BAD_REQUEST,
    EstError.BAD_CONTENT_LEN: HTTPStatus.BAD_REQUEST,
    EstError.HTTP_INVALID_PATH_SEGMENT: HTTPStatus.NOT_FOUND,
    EstError.HTTP_NOT_FOUND: HTTPStatus.NOT_FOUND,
}
_EXPLANATIONS = {
    HTTPStatus.BAD_REQUEST: "The server cannot use the request.",
    HTTPStatus.UNAUTHORIZED: "The server was unable to authorize the request.",
    HTTPStatus.NOT_FOUND: "There is nothing at this path.",
    HTTPStatus.INTERNAL_SERVER_ERROR: "The server was unable to serve the request.",
}


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
    expected = "POST" if operation.enrolls else "GET"
    if method != expected:
        raise EstRefused(EstError.WRONG_METHOD, f"{operation.value} takes {expected}, not {method}")


def check_request_type(content_type: str | None, content_length: str | None) -> None:
    """EstRefused unless a request body says that it is a PKCS#10, and how long it is."""
    kind = (content_type or "").partition(";")[0].strip().lower()
    if kind != _REQUEST_TYPE:
        raise EstRefused(EstError.BAD_CONTENT_TYPE, f"content type {content_type}, not {_REQUEST_TYPE}")
    if content_length is None:
        raise EstRefused(EstError.BAD_CONTENT_LEN, "no Content-Length")


def ca_certificates(pkcs7_lines: bytes) -> Response:
    """The answer to cacerts."""
    return _success("application/pkcs7-mime", pkcs7_lines)


def enrolled(pkcs7_lines: bytes) -> Response:
    """The answer to an enrollment: the issued certificate alone."""
    return _success("application/pkcs7-mime; smime-type=certs-only", pkcs7_lines)


def no_attributes() -> Response:
    """The answer to csrattrs when a request needs none (RFC 7030 section 4.5.2)."""
    return Response(HTTPStatus.NO_CONTENT)


def challenge(realm: str) -> Response:
    """The answer to a request without credentials; it has no body."""
    quoted = realm.replace("\\", "\\\\").replace('"', '\\"')
    return Response(HTTPStatus.UNAUTHORIZED, (("WWW-Authenticate", f'Basic realm="{quoted}"'),), close=True)


def refusal(error: EstError) -> Response:
    """The answer to a request that failed with `error`."""
    return _error(_STATUSES.get(error, HTTPStatus.INTERNAL_SERVER_ERROR))


def unreadable(why: Refusal) -> Response | None:
    """The answer to a request that was refused before it was complete; None closes without a word."""
    match why:
        case Refusal.TOO_SLOW:
            return None
        case Refusal.HEADERS_TOO_LARGE:
            return _error(413, "Request Too Large", "The header is too large.")
        case Refusal.BODY_TOO_LARGE:
            return _error(413, "Request Entity Too Large", "Content-Length too large")
    return _error(400, "Bad Request", "Cannot parse the request.")


def _success(content_type: str, body: bytes) -> Response:
    headers: tuple[Header, ...] = (
        ("Status", "200 OK"),
        ("Content-Type", content_type),
        ("Content-Transfer-Encoding", "base64"),
    )
    return Response(HTTPStatus.OK, headers, body)


def _error(status: int, reason: str = "", explanation: str = "") -> Response:
    known = HTTPStatus(status)
    reason = reason or known.phrase
    body = f"Error {status}: {reason}\n{explanation or _EXPLANATIONS[known]}\n".encode("ascii")
    return Response(status, (("Content-Type", "text/plain"),), body, close=True, reason=reason)
