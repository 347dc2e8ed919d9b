"""The manners an EST server can have where RFC 7030 leaves a choice, or where libEST leaves the RFC.

`LIBEST` is what was measured of libEST 3.2; `RFC` follows RFC 7030, 8951 and 9110 to the letter.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

from testbed.est_errors import EstError
from testbed.ra.est.settings import EstSettings

_COMMON = {
    EstError.AUTH_FAIL: HTTPStatus.UNAUTHORIZED,
    EstError.AUTH_PENDING: HTTPStatus.UNAUTHORIZED,
    EstError.AUTH_FAIL_TLSUID: HTTPStatus.UNAUTHORIZED,
    EstError.BAD_PKCS10: HTTPStatus.BAD_REQUEST,
    EstError.CSR_ATTR_MISSING: HTTPStatus.BAD_REQUEST,
    EstError.CA_ENROLL_RETRY: HTTPStatus.ACCEPTED,
}


@dataclass(frozen=True, slots=True)
class Profile:
    """How requests are taken and answered.

    `statuses` by error, 500 for any other. `silent_challenge`: a 401 that asks for credentials has no body,
    and wrong credentials are not asked again. `bare_pending`: a 202 without a length.
    `reenroll_by_certificate`: a client certificate is all that simplereenroll takes, whatever is required
    otherwise.
    """

    statuses: Mapping[EstError, HTTPStatus]
    headers_too_large: HTTPStatus
    status_header: bool
    attributes_end: bytes
    silent_challenge: bool
    bare_pending: bool
    chunked_requests: bool
    lines_required: bool
    pem_armour: bool
    reenroll_by_certificate: bool
    reenroll_same_subject: bool
    certificate_always_asked: bool
    tls_1_3: bool
    digest_algorithms: tuple[str, ...]


LIBEST = Profile(
    statuses={
        **_COMMON,
        EstError.HTTP_BAD_REQ: HTTPStatus.BAD_REQUEST,
        EstError.WRONG_METHOD: HTTPStatus.BAD_REQUEST,
        EstError.BAD_CONTENT_TYPE: HTTPStatus.BAD_REQUEST,
        EstError.BAD_CONTENT_LEN: HTTPStatus.BAD_REQUEST,
        EstError.HTTP_INVALID_PATH_SEGMENT: HTTPStatus.NOT_FOUND,
        EstError.HTTP_NOT_FOUND: HTTPStatus.NOT_FOUND,
    },
    headers_too_large=HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    status_header=True,
    attributes_end=b"\0",
    silent_challenge=True,
    bare_pending=True,
    chunked_requests=False,
    lines_required=True,
    pem_armour=True,
    reenroll_by_certificate=True,
    reenroll_same_subject=False,
    certificate_always_asked=True,
    tls_1_3=False,
    digest_algorithms=("md5",),
)
RFC = Profile(
    statuses={
        **_COMMON,
        EstError.HTTP_BAD_REQ: HTTPStatus.NOT_FOUND,
        EstError.HTTP_UNSUPPORTED: HTTPStatus.NOT_FOUND,
        EstError.WRONG_METHOD: HTTPStatus.METHOD_NOT_ALLOWED,
        EstError.BAD_CONTENT_TYPE: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        EstError.HTTP_INVALID_PATH_SEGMENT: HTTPStatus.NOT_FOUND,
        EstError.HTTP_NOT_FOUND: HTTPStatus.NOT_FOUND,
        EstError.X509_ATTR: HTTPStatus.FORBIDDEN,
    },
    headers_too_large=HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
    status_header=False,
    attributes_end=b"",
    silent_challenge=False,
    bare_pending=False,
    chunked_requests=True,
    lines_required=False,
    pem_armour=False,
    reenroll_by_certificate=False,
    reenroll_same_subject=True,
    certificate_always_asked=False,
    tls_1_3=True,
    digest_algorithms=("sha-256", "md5"),
)


def profile_of(settings: EstSettings) -> Profile:
    """The profile that the settings name."""
    return RFC if settings.profile == "rfc" else LIBEST
