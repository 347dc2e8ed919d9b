"""Phones: names that come from a seed, and the PKCS#10 request each one makes."""

import hashlib
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import AttributeOID, NameOID

from testbed.pki import PrivateKey

_SPACE_BITS = 46
_LOW_BITS = 40
_LOCALLY_ADMINISTERED = 0b10 << _LOW_BITS


class PhoneNames:
    """The names of a fleet: `SEP` and a MAC address, the same ones in the same order for the same seed.

    Any phone's name is had without the others', and no two phones share one: the seed picks an affine
    permutation of 2**46 numbers. The addresses are locally administered unicast ones (IEEE 802, the second
    digit is 2, 6, A or E), so that no name is a real device's.
    """

    def __init__(self, seed: int) -> None:
        drawn = hashlib.blake2b(str(seed).encode("ascii"), digest_size=16).digest()
        self._factor = int.from_bytes(drawn[:8]) | 1
        self._start = int.from_bytes(drawn[8:])

    def name(self, index: int) -> str:
        """The name of phone `index`, counted from 0."""
        drawn = (self._factor * index + self._start) % (1 << _SPACE_BITS)
        high, low = divmod(drawn, 1 << _LOW_BITS)
        return f"SEP{high << _LOW_BITS + 2 | _LOCALLY_ADMINISTERED | low:012X}"


@dataclass(frozen=True, slots=True)
class Phone:
    """One phone: its place in the fleet, its name, its key pair."""

    index: int
    name: str
    key: PrivateKey

    @property
    def subject(self) -> x509.Name:
        """The name it asks to be certified: CN is the phone's name.

        O and OU are this project's own: a CAPF fills in its cluster's, which differ at every site.
        """
        return x509.Name(
            [
                x509.NameAttribute(NameOID.ORGANIZATION_NAME, "estorm"),
                x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, "phones"),
                x509.NameAttribute(NameOID.COMMON_NAME, self.name),
            ]
        )

    def csr_der(self, challenge_password: str = "") -> bytes:
        """A fresh PKCS#10 request in DER; 0.3 ms of CPU for an RSA-2048 key, 0.05 ms for P-256.

        A challenge password (PKCS#9) is how a request proves possession of its TLS session.
        """
        request = x509.CertificateSigningRequestBuilder().subject_name(self.subject)
        if challenge_password:
            request = request.add_attribute(AttributeOID.CHALLENGE_PASSWORD, challenge_password.encode())
        return request.sign(self.key, _digest_for(self.key)).public_bytes(serialization.Encoding.DER)


def _digest_for(key: PrivateKey) -> hashes.SHA256 | hashes.SHA384:
    if isinstance(key, ec.EllipticCurvePrivateKey) and key.key_size > 256:
        return hashes.SHA384()
    return hashes.SHA256()
