"""A certificate of a CA that nobody here trusts: the guide's «root or intermediate not trusted»."""

from typing import ClassVar

from cryptography import x509

from chaos.tls.certificate import CertificateFault, Order, distrusted
from testbed.errors import CurlError
from testbed.pki import PrivateKey, make_ca_key, make_root, make_server_certificate
from testbed.ra.certsrv.server_certificate import NO_ISSUER


class UnknownIssuer(CertificateFault, frozen=True, kw_only=True):
    """Signed by a root that was made for the occasion."""

    name: ClassVar[str] = "tls.unknown_issuer"
    summary: ClassVar[str] = "the server shows a certificate of a CA that its client does not trust"
    curl: ClassVar[tuple[CurlError, ...]] = distrusted(NO_ISSUER)

    def certificate(self, key: PrivateKey, order: Order) -> x509.Certificate:
        """Good but for its issuer."""
        stranger = make_ca_key("p256")
        root = make_root(stranger, "STRANGER", order.now)
        return make_server_certificate(key, order.name, stranger, root, order.now)
