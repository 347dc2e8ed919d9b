"""A certificate that its issuer has revoked, and who notices."""

from collections.abc import Sequence
from typing import ClassVar

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from chaos.fault import Evidence
from chaos.tls.certificate import CertificateFault, Change, Order, distrusted
from testbed.errors import CurlError
from testbed.pki import Identity, make_crl


class Revoked(CertificateFault, frozen=True, kw_only=True):
    """On its issuer's list. Neither curl nor libEST looks at one by itself, so nobody notices.

    With `looked_up` the RA has the list and looks (curl's --crlfile); phones never do.
    """

    name: ClassVar[str] = "tls.revoked"
    summary: ClassVar[str] = "the server's certificate is on its issuer's revocation list"
    curl: ClassVar[tuple[CurlError, ...]] = distrusted("certificate revoked")

    looked_up: bool = True

    def before(self, shown: Identity, order: Order) -> Sequence[Change]:
        """The list, where somebody looks at it."""
        if not self._noticed:
            return ()
        certificate = x509.load_pem_x509_certificate(shown.certificate_path.read_bytes())
        listed = make_crl(certificate, order.root.key, order.root.certificate, order.now)
        path = shown.certificate_path.with_name("revoked.pem")
        path.write_bytes(listed.public_bytes(serialization.Encoding.PEM))
        return (("ra", {"ca_crl": str(path)}),)

    def evidence(self) -> tuple[Evidence, ...]:
        """None where nobody looks."""
        return super().evidence() if self._noticed else ()

    @property
    def _noticed(self) -> bool:
        return self.looked_up and self.hop == "ra-ca"
