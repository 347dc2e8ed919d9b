"""A self-signed certificate, as IIS makes them: the guide says it is not supported."""

from typing import ClassVar

from cryptography import x509

from chaos.tls.certificate import CertificateFault, Order, distrusted
from testbed.errors import CurlError
from testbed.pki import PrivateKey, make_self_signed
from testbed.ra.certsrv.server_certificate import NO_ISSUER


class SelfSigned(CertificateFault, frozen=True, kw_only=True):
    """Signed by its own key alone."""

    name: ClassVar[str] = "tls.self_signed"
    summary: ClassVar[str] = "the server shows a certificate that only its own key has signed"
    curl: ClassVar[tuple[CurlError, ...]] = distrusted(NO_ISSUER)

    def certificate(self, key: PrivateKey, order: Order) -> x509.Certificate:
        """For the right name."""
        return make_self_signed(key, order.name, order.now)
