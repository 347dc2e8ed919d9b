"""libEST's own lines in the error log: `***EST [LEVEL][function:line]--> text`.

Function and line numbers are those of the guide's excerpts. A line the guide does not show carries the line
number 0.
"""

import functools
import ssl
import time
from collections.abc import Iterable

from testbed.est_errors import EstError
from testbed.ra.logs.exchange import Exchange
from testbed.ra.logs.nginx_log import one_line, subject_text

# What libEST's access log shows: no response of its own for a 200, never a byte count.
_NO_STATUS = -1
# Their reason stands in the lines before them already.
_EXPLAINED = (EstError.AUTH_FAIL, EstError.AUTH_PENDING, EstError.CA_ENROLL_FAIL, EstError.HTTP_WRITE)


def line(level: str, where: str, text: str) -> str:
    """One line of libEST's."""
    return f"***EST [{level}][{where}]--> {one_line(text)}"


def versions() -> list[str]:
    """Who says the lines below, and which TLS library serves."""
    return [
        line("INFO", "est_log_version:216", "libest 2.2.0 (API level 4)"),
        line("INFO", "est_log_version:220", f"Compiled against {ssl.OPENSSL_VERSION}"),
        line("INFO", "est_log_version:221", f"Linking to {ssl.OPENSSL_VERSION}"),
    ]


def trust_store(subjects: Iterable[str]) -> list[str]:
    """The trust anchors as libEST loads them."""
    where = "ossl_init_cert_store_from_raw:182"
    return [line("INFO", where, f"Adding cert to store ({name})") for name in subjects]


def tls_options() -> list[str]:
    """What libEST says of its TLS settings: nid 415 is the P-256 curve."""
    return [
        line("INFO", "set_ssl_option:1378", "Using non-default ECDHE curve (nid=415)"),
        line("INFO", "set_ssl_option:1432", "TLS SRP not enabled"),
    ]


def authentication(exchange: Exchange) -> str:
    """The start of an enrollment's authentication: which certificate the TLS client has shown."""
    if exchange.peer is None:
        return line("INFO", "est_enroll_auth:356", "TLS: no peer certificate")
    shown = f"TLS: peer certificate {subject_text(exchange.peer.subject)} accepted"
    return line("INFO", "est_enroll_auth:0", shown)


def outcome(exchange: Exchange, client: str, at: float) -> list[str]:
    """How a request ended that got its answer."""
    if exchange.error is EstError.NONE:
        return _access(exchange, client, _NO_STATUS, at)
    return _failed(exchange, exchange.error, exchange.response.status, client, at)


def undelivered(exchange: Exchange, client: str, at: float) -> list[str]:
    """How a request ended whose client had gone (CSCvf83629)."""
    if exchange.error is not EstError.NONE:
        return outcome(exchange, client, at)
    lost = line("ERROR", "est_handle_simple_enroll:0", "HTTP write error while propagating pkcs7")
    return [lost, *_failed(exchange, EstError.HTTP_WRITE, 500, client, at)]


def _failed(exchange: Exchange, error: EstError, status: int, client: str, at: float) -> list[str]:
    code = f"{error.value} ({error})"
    lines = []
    if error is EstError.AUTH_FAIL:
        text = f"HTTP authentication failed. Auth type={exchange.auth_type.value}"
        lines.append(line("WARNING", "est_enroll_auth:394", text))
    if error not in _EXPLAINED and exchange.text:
        lines.append(line("WARNING", "est_http_request:0", exchange.text))
    if exchange.operation is not None and exchange.operation.enrolls:
        lines.append(line("WARNING", "est_http_request:1435", f"Enrollment failed with rc={code}"))
    if exchange.response.status >= 400 and exchange.response.body:
        text = f"[{exchange.response.body.decode('ascii')}]"
        lines.append(line("INFO", "mg_send_http_error:389", text))
    return [
        *lines,
        line("ERROR", "est_mg_handler:1234", f"EST error response code: {code}"),
        line("WARNING", "handle_request:1267", f"Incoming request failed rv={code}"),
        *_access(exchange, client, status, at),
        line("WARNING", "est_server_handle_request:1716", "SSL_shutdown failed"),
    ]


def _access(exchange: Exchange, client: str, status: int, at: float) -> list[str]:
    request = exchange.request
    if request is None:
        return []
    asked = f'"{request.method} {request.target} HTTP/{request.version}"'
    return [
        line("INFO", "log_access:1298", f"{client} [{_stamp(int(at))}] {asked} {status} 0"),
        _header(request.headers.get("referer")),
        _header(request.headers.get("user-agent")),
    ]


def _header(value: str | None) -> str:
    if value is None:
        return line("INFO", "log_header:1276", "-")
    return line("INFO", "log_header:1278", f'"{value}"')


@functools.lru_cache(maxsize=64)
def _stamp(second: int) -> str:
    return time.strftime("%d/%b/%Y:%H:%M:%S %z", time.localtime(second))
