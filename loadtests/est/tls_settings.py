"""How a client's TLS is set up: whom it trusts, which versions it speaks, who it says it is."""

import enum
import ssl
import tempfile
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from loadtests.errors import ScenarioError
from testbed import pki
from testbed.errors import PkiError
from testbed.pki import PrivateKey


class TlsVersion(enum.StrEnum):
    """The versions of TLS in use (RFC 8996 ended those before)."""

    TLS_1_2 = "1.2"
    TLS_1_3 = "1.3"


VERSIONS = {TlsVersion.TLS_1_2: ssl.TLSVersion.TLSv1_2, TlsVersion.TLS_1_3: ssl.TLSVersion.TLSv1_3}


@dataclass(frozen=True, slots=True)
class ClientIdentity:
    """A client certificate and its private key, held in memory: a phone's LSC when it renews."""

    certificate: x509.Certificate
    key: PrivateKey


@dataclass(frozen=True, slots=True)
class TlsSettings:
    """What a context is made of. `trust_anchor` None: the system's; `certificate` and `key`: PEM files."""

    trust_anchor: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    minimum: TlsVersion = TlsVersion.TLS_1_2
    maximum: TlsVersion = TlsVersion.TLS_1_3

    def context(self, identity: ClientIdentity | None = None) -> ssl.SSLContext:
        """A new context; `identity` goes before the files. ScenarioError names what cannot be used."""
        if self.minimum > self.maximum:
            raise ScenarioError(f"TLS {self.minimum} or newer and {self.maximum} or older is no version")
        context = self._trusting()
        context.minimum_version, context.maximum_version = VERSIONS[self.minimum], VERSIONS[self.maximum]
        if identity:
            _load(context, identity)
        elif self.certificate:
            self._load_files(context, self.certificate)
        elif self.key:
            raise ScenarioError(f"the client key {self.key} needs its certificate: give --client-certificate")
        return context

    def _trusting(self) -> ssl.SSLContext:
        if self.trust_anchor is None:
            return ssl.create_default_context()
        try:
            return pki.client_context(self.trust_anchor)
        except PkiError as error:
            raise ScenarioError(f"--trust-anchor: {error}") from error

    def _load_files(self, context: ssl.SSLContext, certificate: Path) -> None:
        key = self.key or certificate
        try:
            context.load_cert_chain(certificate, key, password="")
        except (OSError, ssl.SSLError) as error:
            raise ScenarioError(
                f"--client-certificate: cannot use {certificate} with the key in {key}: {error}; both "
                "must be PEM, the key not encrypted and the certificate's own"
            ) from error


def read_chain(path: Path) -> list[x509.Certificate]:
    """The CA certificates that may issue LSCs; ScenarioError when the file holds none."""
    try:
        return x509.load_pem_x509_certificates(path.read_bytes())
    except (OSError, ValueError) as error:
        raise ScenarioError(f"--lsc-chain: cannot read certificates from {path}") from error


def _load(context: ssl.SSLContext, identity: ClientIdentity) -> None:
    """By way of a file (mode 0600) that is gone at once: this library takes no other."""
    pem = identity.certificate.public_bytes(serialization.Encoding.PEM) + identity.key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    with tempfile.NamedTemporaryFile(prefix="estorm-identity-") as file:
        file.write(pem)
        file.flush()
        context.load_cert_chain(file.name)
