"""A certificate whose key is too short for its client."""

from typing import ClassVar, Literal

from cryptography.hazmat.primitives.asymmetric import rsa

from chaos.tls.certificate import CertificateFault, distrusted
from testbed.errors import CurlError
from testbed.pki import PrivateKey


class WeakKey(CertificateFault, frozen=True, kw_only=True):
    """An RSA key of `bits`. OpenSSL at level 2, Debian's, wants 2048; CES's OpenSSL 1.0.2 has no levels."""

    name: ClassVar[str] = "tls.weak_key"
    summary: ClassVar[str] = "the server's certificate has an RSA key too short for its client"
    curl: ClassVar[tuple[CurlError, ...]] = distrusted("EE certificate key too weak")
    ciphers: ClassVar[str] = "DEFAULT:@SECLEVEL=0"

    bits: Literal[1024, 1536] = 1024

    def key(self) -> PrivateKey:
        """A new short one."""
        return rsa.generate_private_key(public_exponent=65537, key_size=self.bits)
