"""A certificate that is not valid yet: the guide's line of a clock that NTP does not set."""

import datetime as dt
from typing import Annotated, ClassVar

import msgspec
from cryptography import x509

from chaos.tls.certificate import CertificateFault, Order, distrusted
from testbed.errors import CurlError
from testbed.pki import CLOCK_SLACK, PrivateKey, make_server_certificate


class NotYetValid(CertificateFault, frozen=True, kw_only=True):
    """Good in `days`: what a clock shows that is behind, too."""

    name: ClassVar[str] = "tls.not_yet_valid"
    summary: ClassVar[str] = "the server's certificate is not valid yet"
    curl: ClassVar[tuple[CurlError, ...]] = distrusted("certificate is not yet valid")

    days: Annotated[float, msgspec.Meta(gt=0, le=3650)] = 1.0

    def certificate(self, key: PrivateKey, order: Order) -> x509.Certificate:
        """By the trusted root."""
        made = order.now + CLOCK_SLACK + dt.timedelta(days=self.days)
        return make_server_certificate(key, order.name, order.root.key, order.root.certificate, made)
