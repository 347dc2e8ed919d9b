"""The CA's own key, certificate and chain."""

import base64
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import pkcs7

from testbed.errors import PkiError
from testbed.pki import PrivateKey


@dataclass(frozen=True, slots=True)
class Authority:
    """The issuing CA: its key, and its chain from its own certificate up to the root."""

    key: PrivateKey
    chain: tuple[x509.Certificate, ...]

    @property
    def certificate(self) -> x509.Certificate:
        """The issuing CA's own certificate."""
        return self.chain[0]

    def chain_pkcs7(self, leaf: x509.Certificate | None = None) -> bytes:
        """A certs-only PKCS#7 in DER: the CA's chain, after `leaf` when one is given."""
        certificates = [leaf, *self.chain] if leaf else list(self.chain)
        return pkcs7.serialize_certificates(certificates, serialization.Encoding.DER)


def load_authority(key_path: Path, chain_path: Path) -> Authority:
    """The authority in two PEM files: a private key, and its certificate followed by its parents, if any."""
    try:
        key = serialization.load_pem_private_key(
            key_path.read_bytes(), password=None, unsafe_skip_rsa_key_validation=True
        )
        chain = x509.load_pem_x509_certificates(chain_path.read_bytes())
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise PkiError(f"cannot use the CA's key {key_path} and certificate {chain_path}: {error}") from error
    if not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        raise PkiError(f"the CA's key {key_path} is neither RSA nor EC")
    if chain[0].public_key() != key.public_key():
        raise PkiError(f"the CA's certificate {chain_path} is not for the key {key_path}")
    return Authority(key, tuple(chain))


def pem(der: bytes, label: str = "CERTIFICATE") -> bytes:
    """DER between markers, base64 in 64-column CRLF lines, as certnew.cer sends it.

    AD CS puts `CERTIFICATE` round a PKCS#7 too; clients cope with that and with nothing else.
    """
    text = base64.b64encode(der).decode("ascii")
    lines = [text[start : start + 64] for start in range(0, len(text), 64)]
    return "\r\n".join([f"-----BEGIN {label}-----", *lines, f"-----END {label}-----", ""]).encode("ascii")
