"""A certificate for another name than the one in the URL, such as the short one."""

from typing import ClassVar

from cryptography import x509

from chaos.evidence import ANY_HOST
from chaos.fault import Evidence
from chaos.tls.certificate import CertificateFault, Order
from chaos.tls.hop import refused_by
from testbed.bounds import Name
from testbed.errors import CurlError
from testbed.est_errors import EstError
from testbed.pki import PrivateKey, make_old_server_certificate


class WrongName(CertificateFault, frozen=True, kw_only=True):
    """Good, but for `subject`: its common name, and no alternative name, as in the guide's excerpt."""

    name: ClassVar[str] = "tls.wrong_name"
    summary: ClassVar[str] = "the server's certificate is for another name than its client looks for"
    est_error: ClassVar[EstError] = EstError.FQDN_MISMATCH

    subject: Name = "lab-dc"

    def certificate(self, key: PrivateKey, order: Order) -> x509.Certificate:
        """By the trusted root."""
        root = order.root
        return make_old_server_certificate(key, self.subject, root.key, root.certificate, order.now)

    def evidence(self) -> tuple[Evidence, ...]:
        """Curl 51 with both names."""
        names = f"certificate subject name '{self.subject}' does not match target host name '{ANY_HOST}'"
        return refused_by(self.hop, (CurlError(51, f"SSL: {names}"),), self.est_error)
