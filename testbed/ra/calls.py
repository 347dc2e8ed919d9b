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
    """One call that ended: `ended` is seconds since the epoch, `body_bytes` None when no answer came."""

    stage: Stage
    url: str
    ended: float
    seconds: float
    body_bytes: int | None
    failure: CurlError | CaRefused | None = None

    @property
    def cause(self) -> str | None:
        """One word for why it failed: `curl_28`, or the refusal's own; None when it did not."""
        match self.failure:
            case CurlError(code=code):
                return f"curl_{code}"
            case CaRefused(cause=cause):
                return cause
        return None


@dataclass(frozen=True, slots=True)
class Issued:
    """What the CA has issued: its request id and, once it was downloaded and checked, the certificate."""

    request_id: int
    certificate: x509.Certificate | None = None

    @property
    def serial(self) -> str:
        """The serial number in hex, `-` while the certificate is not here."""
        return f"{self.certificate.serial_number:x}" if self.certificate else "-"


Record = Callable[[CaCall], None]
