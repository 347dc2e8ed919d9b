"""Curl's codes and texts for what can go wrong on the way to the CA.

Codes and texts are the troubleshooting guide's where it shows them (6, 28, 51, 60), else those of curl 7.88
with OpenSSL, measured against a server that misbehaves on purpose.

| code | when                                                  |
|------|-------------------------------------------------------|
| 1    | the answer is not HTTP/1                              |
| 6    | the CA's name does not resolve                        |
| 7    | the CA cannot be reached                              |
| 8    | a header of the answer makes no sense                 |
| 18   | the connection closed in the middle of a body         |
| 28   | a timer fired                                         |
| 35   | the TLS handshake failed                              |
| 51   | the CA's certificate is for another name              |
| 52   | the connection closed before an answer                |
| 55   | the request could not be sent                         |
| 56   | the connection broke while the answer was read        |
| 60   | the CA's certificate is not trusted, or not valid now |
| 63   | the answer is longer than the RA takes                |
"""

import os
import socket
import ssl
from dataclasses import dataclass

import httptools

from testbed.errors import CurlError
from testbed.ra.certsrv.server_certificate import NO_ISSUER
from testbed.web.client import ConnectionClosed, NameNotResolved, Phase, ReplyTooLarge

# What an HttpConnection raises; everything else is a defect and passes.
CONNECTION_ERRORS = (OSError, httptools.HttpParserError)
# X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT
_SELF_SIGNED = 18
# c-ares' words, which the guide's log shows, for what getaddrinfo(3) says.
_RESOLVER_TEXTS = {
    socket.EAI_NONAME: "Domain name not found",
    socket.EAI_NODATA: "DNS server returned answer with no data",
    socket.EAI_AGAIN: "Could not contact DNS servers",
    socket.EAI_FAIL: "DNS server returned general failure",
}


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a call had come when it ended: what it waited for, since when, and what it had received.

    `connect_timer_first` says that the connection's own timer was due before the call's.
    """

    host: str
    port: int
    phase: Phase
    elapsed_seconds: float
    received_bytes: int = 0
    body_bytes: int = 0
    declared_bytes: int | None = None
    connect_timer_first: bool = False


def curl_error(error: Exception, progress: Progress) -> CurlError:
    """What curl would say of `error`, one of CONNECTION_ERRORS."""
    if isinstance(error, TimeoutError) and error.errno is None:
        return CurlError(28, _timeout_text(progress))
    if isinstance(error, socket.gaierror):
        reason = _RESOLVER_TEXTS.get(error.errno or 0, "DNS server returned general failure")
        return CurlError(6, f"Could not resolve: {progress.host} ({reason})")
    if isinstance(error, NameNotResolved):
        return CurlError(6, f"Could not resolve: {progress.host} ({error})")
    if progress.phase is Phase.TLS:
        return _handshake_error(error, progress)
    if progress.phase is Phase.REPLY:
        return _reply_error(error, progress)
    reason = os.strerror(error.errno) if isinstance(error, OSError) and error.errno else str(error)
    return CurlError(7, f"Failed to connect to {progress.host} port {progress.port}: {reason}")


def _timeout_text(progress: Progress) -> str:
    after = f"after {round(progress.elapsed_seconds * 1000)} milliseconds"
    match progress.phase:
        case Phase.RESOLVE:
            return f"Resolving timed out {after}"
        case Phase.TLS if progress.connect_timer_first:
            return "SSL connection timeout"
        case Phase.CONNECT | Phase.TLS:
            return f"Connection timed out {after}"
    received = str(progress.body_bytes)
    if progress.declared_bytes is not None:
        received += f" out of {progress.declared_bytes}"
    return f"Operation timed out {after} with {received} bytes received"


def _handshake_error(error: Exception, progress: Progress) -> CurlError:
    if isinstance(error, ssl.SSLCertVerificationError):
        # OpenSSL 1.0.2, which CES links, has no issuer for a self-signed IIS certificate (the guide's line).
        text = NO_ISSUER if error.verify_code == _SELF_SIGNED else error.verify_message
        return CurlError(60, f"SSL certificate problem: {text}")
    if isinstance(error, ssl.SSLError):
        return CurlError(35, f"error:SSL routines::{_openssl_reason(error)}")
    reason = "SSL_ERROR_SYSCALL"
    if isinstance(error, OSError) and error.errno:
        reason = os.strerror(error.errno)
    return CurlError(35, f"OpenSSL SSL_connect: {reason} in connection to {progress.host}:{progress.port}")


def _reply_error(error: Exception, progress: Progress) -> CurlError:
    match error:
        case ReplyTooLarge():
            return CurlError(63, "Maximum file size exceeded")
        case ConnectionClosed():
            return _closed_error(progress)
        case BrokenPipeError():
            return CurlError(55, "Send failure: Broken pipe")
        case ssl.SSLError():
            return CurlError(56, f"OpenSSL SSL_read: error:SSL routines::{_openssl_reason(error)}")
        case OSError():
            return CurlError(56, f"Recv failure: {os.strerror(error.errno) if error.errno else error}")
    return _parser_error(error)


def _closed_error(progress: Progress) -> CurlError:
    if progress.declared_bytes is not None:
        missing = progress.declared_bytes - progress.body_bytes
        return CurlError(18, f"transfer closed with {missing} bytes remaining to read")
    if progress.body_bytes:
        return CurlError(18, "transfer closed with outstanding read data remaining")
    return CurlError(52, "Empty reply from server")


def _parser_error(error: Exception) -> CurlError:
    said = str(error)
    if "Expected HTTP/" in said:
        return CurlError(1, "Received HTTP/0.9 when not allowed")
    if "status" in said or "version" in said:
        return CurlError(1, "Unsupported HTTP version in response")
    if "chunk" in said:
        return CurlError(56, "Illegal or missing hexadecimal sequence in chunked-encoding")
    if "Content-Length" in said:
        return CurlError(8, "Invalid Content-Length: value")
    return CurlError(8, "Weird server reply")


def _openssl_reason(error: ssl.SSLError) -> str:
    return (error.reason or "unknown error").lower().replace("_", " ")
