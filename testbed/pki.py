"""The lab's PKI, made fresh at each start: a root CA, server certificates, trust stores.

The root is the CA that signs the phones' LSCs, as in a single-tier AD CS. Server keys are P-256 because they
are the cheapest to offer (0.02 ms to sign in a handshake instead of RSA-2048's 0.26 ms); the CA's key is
RSA-2048, AD CS's default.
"""

import datetime as dt
import ipaddress
import ssl
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from testbed.errors import PkiError

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
CLOCK_SLACK = dt.timedelta(minutes=10)
ROOT_LIFE = dt.timedelta(days=3650)
SERVER_LIFE = dt.timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Identity:
    """A private key and its certificate as PEM files; the key is readable by its owner alone."""

    key_path: Path
    certificate_path: Path


@dataclass(frozen=True, slots=True)
class LabPki:
    """Where the lab's keys and certificates are."""

    root: Identity
    ca_server: Identity
    ra_server: Identity
    trust_anchor: Path


def make_lab_pki(directory: Path, ca_name: str, host: str, now: dt.datetime) -> LabPki:
    """Make the lab's keys and certificates in `directory`; servers answer for `host` and `localhost`."""
    try:
        root_key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        root = make_root(root_key, ca_name, now)
        root_identity = write_identity(directory, "root", root_key, root)
        servers = []
        for part in ("ca-server", "ra-server"):
            key = ec.generate_private_key(ec.SECP256R1())
            certificate = make_server_certificate(key, host, root_key, root, now)
            servers.append(write_identity(directory, part, key, certificate))
        return LabPki(root_identity, servers[0], servers[1], root_identity.certificate_path)
    except OSError as error:
        raise PkiError(f"cannot write the lab's keys to {directory}: {error.strerror}") from error


def make_root(key: PrivateKey, name: str, now: dt.datetime) -> x509.Certificate:
    """A self-signed CA certificate in the shape AD CS gives its root (`DC` components first)."""
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.DOMAIN_COMPONENT, "test"),
            x509.NameAttribute(NameOID.DOMAIN_COMPONENT, "estorm"),
            x509.NameAttribute(NameOID.COMMON_NAME, name),
        ]
    )
    usage = x509.KeyUsage(
        digital_signature=True, key_cert_sign=True, crl_sign=True, content_commitment=False,
        key_encipherment=False, data_encipherment=False, key_agreement=False,
        encipher_only=False, decipher_only=False,
    )  # fmt: skip
    return (
        _builder(subject, subject, key, now, ROOT_LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .sign(key, hashes.SHA256())
    )


def make_server_certificate(
    key: PrivateKey, host: str, issuer_key: PrivateKey, issuer: x509.Certificate, now: dt.datetime
) -> x509.Certificate:
    """An HTTPS certificate for `host`, `localhost` and 127.0.0.1."""
    names: list[x509.GeneralName] = [
        x509.DNSName("localhost"),
        x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
    ]
    extra = _general_name(host)
    if extra not in names:
        names.append(extra)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    authority = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(
        issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    )
    return (
        _builder(subject, issuer.subject, key, now, SERVER_LIFE)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(authority, critical=False)
        .sign(issuer_key, hashes.SHA256())
    )


def write_identity(directory: Path, name: str, key: PrivateKey, certificate: x509.Certificate) -> Identity:
    """Write `NAME.key` (mode 0600) and `NAME.pem` into `directory`."""
    key_path, certificate_path = directory / f"{name}.key", directory / f"{name}.pem"
    key_path.touch(mode=0o600)
    key_path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    certificate_path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    return Identity(key_path, certificate_path)


def server_context(identity: Identity) -> ssl.SSLContext:
    """A TLS context that presents `identity`; TLS 1.2 or newer, HTTP/1.1 alone."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    try:
        context.load_cert_chain(identity.certificate_path, identity.key_path)
    except (OSError, ssl.SSLError) as error:
        raise PkiError(f"cannot use the certificate {identity.certificate_path}: {error}") from error
    return context


def client_context(trust_anchor: Path) -> ssl.SSLContext:
    """A TLS context that trusts `trust_anchor` alone and checks the server's name."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context.load_verify_locations(cafile=str(trust_anchor))
    except (OSError, ssl.SSLError) as error:
        raise PkiError(f"cannot read trust anchors from {trust_anchor}: {error}") from error
    return context


def _builder(
    subject: x509.Name, issuer: x509.Name, key: PrivateKey, now: dt.datetime, life: dt.timedelta
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - CLOCK_SLACK)
        .not_valid_after(now + life)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)
