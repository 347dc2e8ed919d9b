"""A certificate that has expired."""

import datetime as dt
from typing import Annotated, ClassVar

import msgspec
from cryptography import x509

from chaos.tls.certificate import CertificateFault, Order, distrusted
from testbed.errors import CurlError
from testbed.pki import SERVER_LIFE, PrivateKey, make_server_certificate


class Expired(CertificateFault, frozen=True, kw_only=True):
    """Good until `days` ago: what a clock shows that is ahead, too."""

    name: ClassVar[str] = "tls.expired"
    summary: ClassVar[str] = "the server's certificate has expired"
    curl: ClassVar[tuple[CurlError, ...]] = distrusted("certificate has expired")

    days: Annotated[float, msgspec.Meta(gt=0, le=3650)] = 1.0

    def certificate(self, key: PrivateKey, order: Order) -> x509.Certificate:
        """By the trusted root."""
        made = order.now - SERVER_LIFE - dt.timedelta(days=self.days)
        return make_server_certificate(key, order.name, order.root.key, order.root.certificate, made)
