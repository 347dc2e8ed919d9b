"""What an EST client is told when the CA fails its RA: libEST's error and the HTTP status.

Statuses are those measured of libEST's own proxy, which tells its client apart a server it cannot reach or
that stays silent (504) and one whose answer is no use (502). While the client is still being authenticated
every failure is a failed authentication (401), as the guide shows for CES.
"""

from http import HTTPStatus

from testbed.errors import CaPending, CaRefused, CurlError, EstRefused
from testbed.est_errors import EstError

_UNREACHABLE, _USELESS = HTTPStatus.GATEWAY_TIMEOUT, HTTPStatus.BAD_GATEWAY
_BY_CURL_CODE = {
    6: (EstError.IP_GETADDR, _UNREACHABLE),
    7: (EstError.IP_CONNECT, _UNREACHABLE),
    28: (EstError.SSL_READ, _UNREACHABLE),
    35: (EstError.SSL_CONNECT, _USELESS),
    51: (EstError.FQDN_MISMATCH, _USELESS),
    52: (EstError.HTTP_NOT_FOUND, HTTPStatus.NOT_FOUND),
    55: (EstError.SSL_WRITE, _UNREACHABLE),
    56: (EstError.IP_CONNECT, _UNREACHABLE),
    60: (EstError.SSL_CONNECT, _USELESS),
}
_BY_HTTP_CAUSE = {
    "http_204": (EstError.HTTP_NO_CONTENT, HTTPStatus.NO_CONTENT),
    "http_400": (EstError.HTTP_BAD_REQ, HTTPStatus.BAD_REQUEST),
    "http_401": (EstError.AUTH_FAIL, HTTPStatus.UNAUTHORIZED),
    "http_404": (EstError.HTTP_NOT_FOUND, HTTPStatus.NOT_FOUND),
}


def authentication_failed(failure: CurlError | CaRefused) -> EstRefused:
    """The refusal for a CA that failed while the client was authenticated."""
    return EstRefused(EstError.AUTH_FAIL, str(failure))


def enrollment_failed(failure: CurlError | CaRefused) -> EstRefused:
    """The refusal for a CA that failed after that; 500 where it answered in its own words."""
    if isinstance(failure, CaPending):
        return EstRefused(EstError.CA_ENROLL_RETRY, str(failure))
    if isinstance(failure, CurlError):
        error, status = _BY_CURL_CODE.get(failure.code, (EstError.HTTP_UNSUPPORTED, _USELESS))
        return EstRefused(error, str(failure), status=status)
    if failure.cause in _BY_HTTP_CAUSE:
        error, status = _BY_HTTP_CAUSE[failure.cause]
        return EstRefused(error, str(failure), status=status)
    if failure.cause.startswith("http_"):
        return EstRefused(EstError.HTTP_UNSUPPORTED, str(failure), status=_USELESS)
    return EstRefused(EstError.CA_ENROLL_FAIL, str(failure))
