"""What became of each call to the CA, as a value that the log and the metrics are made from."""

import enum
from collections.abc import Callable
from dataclasses import dataclass

from cryptography import x509

from testbed.errors import CaRefused, CurlError


class Stage(enum.Enum):
    """The steps of the conversation with the CA; the value is the metrics' label."""

    LOGIN = "login"
    FORM = "form"
    SUBMIT = "submit"
    DOWNLOAD = "download"
    CHAIN = "chain"


@dataclass(frozen=True, slots=True)
class CaCall:
    """One call that ended: `ended` is seconds since the epoch, `body_bytes` None when no answer came.

    `attempt` counts from 1; more when the call was made again.
    """

    stage: Stage
    url: str
    ended: float
    seconds: float
    body_bytes: int | None
    failure: CurlError | CaRefused | None = None
    attempt: int = 1

    @property
    def cause(self) -> str | None:
        """One word for why it failed: `curl_28`, or the refusal's own; None when it did not."""
        return self.failure.cause if self.failure else None


@dataclass(frozen=True, slots=True)
class Issued:
    """What the CA has issued: its request id and, once it was downloaded and checked, the certificate.

    `unchecked` is what the CA sent instead of one, where the RA is told to pass that on.
    """

    request_id: int
    certificate: x509.Certificate | None = None
    unchecked: bytes = b""

    @property
    def serial(self) -> str:
        """The serial number in hex, `-` while the certificate is not here."""
        return f"{self.certificate.serial_number:x}" if self.certificate else "-"


Record = Callable[[CaCall], None]
