"""The answers of the EST server, in the manners of a profile.

Every error body starts `Error NNN: reason` and ends the connection; a 200 keeps it open unless the client
asked otherwise.
"""

from collections.abc import Iterable
from http import HTTPStatus

from cryptography import x509

from testbed.errors import EstRefused
from testbed.est_errors import EstError
from testbed.ra.certificates import base64_lines, pkcs7_der
from testbed.ra.est.operations import Operation
from testbed.ra.est.profile import Profile, profile_of
from testbed.ra.est.settings import EstSettings
from testbed.web.messages import Header, Response
from testbed.web.server import Refusal

BOUNDARY = "est-server-boundary"
CERTS_ONLY = "application/pkcs7-mime; smime-type=certs-only"
_BASE64: Header = ("Content-Transfer-Encoding", "base64")
_EXPLANATIONS = {
    HTTPStatus.BAD_REQUEST: "The server cannot use the request.",
    HTTPStatus.UNAUTHORIZED: "The server was unable to authorize the request.",
    HTTPStatus.FORBIDDEN: "The server refuses this request of this client.",
    HTTPStatus.NOT_FOUND: "There is nothing at this path.",
    HTTPStatus.METHOD_NOT_ALLOWED: "There is another method for this path.",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "The server takes application/pkcs10.",
    HTTPStatus.BAD_GATEWAY: "The server cannot use what the CA answered.",
    HTTPStatus.GATEWAY_TIMEOUT: "The server has no answer from the CA.",
    HTTPStatus.INTERNAL_SERVER_ERROR: "The server was unable to serve the request.",
}
_MISMATCH = "Proof of Possession Mismatch."


class Answers:
    """Makes responses; `settings` decide their manners, the width of their base64 and Retry-After."""

    def __init__(self, settings: EstSettings) -> None:
        self._profile: Profile = profile_of(settings)
        self._columns = settings.base64_columns
        self._retry_after = str(settings.pending.retry_after_seconds)

    def ca_certificates(self, pkcs7: bytes) -> Response:
        """The answer to cacerts: a certs-only PKCS#7 in DER, sent as base64."""
        return self._success("application/pkcs7-mime", self._base64(pkcs7))

    def enrolled(self, pkcs7: bytes) -> Response:
        """The answer to an enrollment, a PKCS#7 in DER with the issued certificate alone."""
        return self._success(CERTS_ONLY, self._base64(pkcs7))

    def key_and_certificate(self, key: bytes, certificates: Iterable[x509.Certificate]) -> Response:
        """The answer to serverkeygen: a PKCS#8 in DER and the certificate (RFC 7030 section 4.4.2)."""
        parts = (("application/pkcs8", key), (CERTS_ONLY, pkcs7_der(certificates)))
        body = b"".join(self._part(kind, data) for kind, data in parts) + f"--{BOUNDARY}--\r\n".encode()
        headers = self._status_header(), ("Content-Type", f"multipart/mixed; boundary={BOUNDARY}")
        return Response(HTTPStatus.OK, tuple(header for header in headers if header), body)

    def attributes(self, encoded: bytes | None) -> Response:
        """The answer to csrattrs: CsrAttrs in DER; 204 when a request needs none (RFC 7030, 4.5.2)."""
        if encoded is None:
            return Response(HTTPStatus.NO_CONTENT)
        return self._success(
            "application/csrattrs", self._base64(encoded).rstrip(b"\n") + self._profile.attributes_end
        )

    def pending(self) -> Response:
        """The answer to a request the CA has not decided on (RFC 7030 section 4.2.3)."""
        wait: Header = ("Retry-After", self._retry_after)
        if self._profile.bare_pending:
            return Response(HTTPStatus.ACCEPTED, (wait,), bare=True)
        body = b"The request waits for a decision of the CA.\n"
        return Response(HTTPStatus.ACCEPTED, (wait, ("Content-Type", "text/plain")), body)

    def refusal(self, refused: EstRefused, operation: Operation | None = None) -> Response:
        """The answer to a request that is not served."""
        known = self._profile.statuses.get(refused.error, HTTPStatus.INTERNAL_SERVER_ERROR)
        status = HTTPStatus(refused.status or known)
        headers: tuple[Header, ...] = tuple(("WWW-Authenticate", value) for value in refused.challenges)
        if status is HTTPStatus.UNAUTHORIZED and headers and self._profile.silent_challenge:
            return Response(status, headers, close=True)
        if status is HTTPStatus.METHOD_NOT_ALLOWED and operation is not None:
            headers = (*headers, ("Allow", operation.method))
        return _error(status, _MISMATCH if refused.error is EstError.AUTH_FAIL_TLSUID else "", headers)

    def unreadable(self, why: Refusal) -> Response | None:
        """The answer to a request that was refused before it was complete; None closes without a word."""
        match why:
            case Refusal.TOO_SLOW:
                return None
            case Refusal.HEADERS_TOO_LARGE:
                status = self._profile.headers_too_large
                return _error(status, "The header is too large.", reason="Request Too Large")
            case Refusal.BODY_TOO_LARGE:
                status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
                return _error(status, "Content-Length too large", reason="Request Entity Too Large")
        return _error(HTTPStatus.BAD_REQUEST, "Cannot parse the request.")

    def _success(self, content_type: str, body: bytes) -> Response:
        headers = self._status_header(), ("Content-Type", content_type), _BASE64
        return Response(HTTPStatus.OK, tuple(header for header in headers if header), body)

    def _status_header(self) -> Header | None:
        return ("Status", "200 OK") if self._profile.status_header else None

    def _base64(self, data: bytes) -> bytes:
        return base64_lines(data, self._columns)

    def _part(self, content_type: str, data: bytes) -> bytes:
        head = f"--{BOUNDARY}\r\nContent-Type: {content_type}\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        return head.encode("ascii") + self._base64(data).rstrip(b"\n") + b"\r\n"


def _error(
    status: HTTPStatus, explanation: str = "", headers: tuple[Header, ...] = (), reason: str = ""
) -> Response:
    reason = reason or status.phrase
    explanation = explanation or _EXPLANATIONS.get(status, status.description)
    body = f"Error {status.value}: {reason}\n{explanation}\n".encode("ascii")
    return Response(status, (*headers, ("Content-Type", "text/plain")), body, close=True, reason=reason)
