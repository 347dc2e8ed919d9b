"""A server that sends its certificate without the intermediate that has signed it."""

from typing import ClassVar

from cryptography import x509

from chaos.tls.certificate import CertificateFault, Order, distrusted
from testbed.errors import CurlError
from testbed.pki import PrivateKey, make_ca_key, make_intermediate, make_server_certificate
from testbed.ra.certsrv.server_certificate import NO_ISSUER


class MissingIntermediate(CertificateFault, frozen=True, kw_only=True):
    """Signed by a CA that the trusted root has signed, whose certificate nobody has."""

    name: ClassVar[str] = "tls.missing_intermediate"
    summary: ClassVar[str] = "the server leaves out the intermediate certificate between its own and the root"
    curl: ClassVar[tuple[CurlError, ...]] = distrusted(NO_ISSUER)

    def certificate(self, key: PrivateKey, order: Order) -> x509.Certificate:
        """Good for whoever has the intermediate."""
        between = make_ca_key("p256")
        intermediate = make_intermediate(
            between, "ISSUING", order.root.key, order.root.certificate, order.now
        )
        return make_server_certificate(key, order.name, between, intermediate, order.now)
