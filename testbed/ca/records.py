"""One certificate request as the CA's database keeps it."""

import enum
from dataclasses import dataclass

from cryptography import x509


class Disposition(enum.StrEnum):
    """What became of a request. An approved one is issued when its requester next asks for it."""

    PENDING = "pending"
    APPROVED = "approved"
    ISSUED = "issued"
    DENIED = "denied"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class RequestRecord:
    """A row: times are seconds since the epoch, `csr` and `certificate` are DER.

    `status` is the HRESULT of the decision and `message` its disposition message. `certificate`, `serial`
    (lower-case hex) and `not_after` are None unless the request was issued; `revoked_at` and
    `revocation_reason` (RFC 5280 section 5.3.1) are None unless it was revoked.
    """

    id: int
    submitted_at: float
    requester: str
    template: str
    subject: str
    disposition: Disposition
    status: int
    message: str
    csr: bytes
    resolved_at: float | None = None
    certificate: bytes | None = None
    serial: str | None = None
    not_after: float | None = None
    revoked_at: float | None = None
    revocation_reason: int | None = None


@dataclass(frozen=True, slots=True)
class IssuedCertificate:
    """What a comparison with another party's records needs of one issued certificate.

    `serial` is the serial number in lower-case hex without leading zeros; `issued_at` is seconds since the
    epoch; `disposition` is `issued` or `revoked`.
    """

    request_id: int
    serial: str
    subject: str
    requester: str
    disposition: Disposition
    issued_at: float


def serial_text(certificate: x509.Certificate) -> str:
    """The serial number as every table of this suite spells it."""
    return format(certificate.serial_number, "x")
