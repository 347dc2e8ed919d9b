"""The lab's PKI, made fresh at each start: a root CA, server certificates, trust stores.

The root is the CA that signs the phones' LSCs, as in a single-tier AD CS. Server keys are P-256 because they
are the cheapest to offer (0.02 ms to sign in a handshake instead of RSA-2048's 0.26 ms); the CA's key is
RSA-2048, AD CS's default, unless the settings say otherwise.
"""

import datetime as dt
import ipaddress
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from testbed.errors import PkiError, reason
from testbed.server_tls import OWN_TERMS, ServerTls, agree_to

CaKey = Literal["rsa-2048", "rsa-3072", "rsa-4096", "p256", "p384"]
_CURVES: dict[str, ec.EllipticCurve] = {"p256": ec.SECP256R1(), "p384": ec.SECP384R1()}
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
    """Where the lab's keys and certificates are.

    `issuing` is the CA that signs the phones' LSCs; its certificate file holds its whole chain, itself first.
    `trust_anchor` is the self-signed end of that chain.
    """

    issuing: Identity
    ca_server: Identity
    ra_server: Identity
    trust_anchor: Path


@dataclass(frozen=True, slots=True)
class Hierarchy:
    """What signs the LSCs: a CA with this kind of key, itself signed by a root when `intermediate`."""

    key: CaKey = "rsa-2048"
    intermediate: bool = False


SINGLE_TIER = Hierarchy()


def make_lab_pki(
    directory: Path,
    ca_name: str,
    host: str,
    now: dt.datetime,
    *,
    hierarchy: Hierarchy = SINGLE_TIER,
    ca_host: str = "",
) -> LabPki:
    """Make the lab's keys and certificates in `directory`; servers answer for `host` and `localhost`.

    The CA's answers for `ca_host` instead of `host` where that is given.
    """
    ca_key, intermediate = hierarchy.key, hierarchy.intermediate
    try:
        root_key = make_ca_key(ca_key)
        root = make_root(root_key, f"{ca_name} Root" if intermediate else ca_name, now)
        anchor = issuing = write_identity(directory, "root", root_key, root)
        if intermediate:
            issuing = _write_issuing_ca(directory, ca_name, make_ca_key(ca_key), root_key, root, now)
        servers = []
        for part, name in (("ca-server", ca_host or host), ("ra-server", host)):
            key = ec.generate_private_key(ec.SECP256R1())
            certificate = make_server_certificate(key, name, root_key, root, now)
            servers.append(write_identity(directory, part, key, certificate))
        return LabPki(issuing, servers[0], servers[1], anchor.certificate_path)
    except OSError as error:
        raise PkiError(f"cannot write the lab's keys to {directory}: {error.strerror}") from error


def make_ca_key(kind: CaKey) -> PrivateKey:
    """A new private key of this kind; RSA costs 0.05 to 0.6 s."""
    if kind in _CURVES:
        return ec.generate_private_key(_CURVES[kind])
    return rsa.generate_private_key(public_exponent=65537, key_size=int(kind.removeprefix("rsa-")))


def make_root(key: PrivateKey, name: str, now: dt.datetime) -> x509.Certificate:
    """A self-signed CA certificate in the shape AD CS gives its root (`DC` components first)."""
    subject = _ca_subject(name)
    return _ca_builder(subject, subject, key, now).sign(key, hashes.SHA256())


def make_intermediate(
    key: PrivateKey, name: str, issuer_key: PrivateKey, issuer: x509.Certificate, now: dt.datetime
) -> x509.Certificate:
    """The certificate of a CA that `issuer` has signed."""
    builder = _ca_builder(_ca_subject(name), issuer.subject, key, now)
    return builder.add_extension(_authority_of(issuer), critical=False).sign(issuer_key, hashes.SHA256())


def _write_issuing_ca(
    directory: Path,
    name: str,
    key: PrivateKey,
    root_key: PrivateKey,
    root: x509.Certificate,
    now: dt.datetime,
) -> Identity:
    certificate = make_intermediate(key, name, root_key, root, now)
    identity = write_identity(directory, "issuing", key, certificate)
    with identity.certificate_path.open("ab") as chain:
        chain.write(root.public_bytes(serialization.Encoding.PEM))
    return identity


def _ca_subject(name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.DOMAIN_COMPONENT, "test"),
            x509.NameAttribute(NameOID.DOMAIN_COMPONENT, "estorm"),
            x509.NameAttribute(NameOID.COMMON_NAME, name),
        ]
    )


def _ca_builder(
    subject: x509.Name, issuer: x509.Name, key: PrivateKey, now: dt.datetime
) -> x509.CertificateBuilder:
    usage = x509.KeyUsage(
        digital_signature=True, key_cert_sign=True, crl_sign=True, content_commitment=False,
        key_encipherment=False, data_encipherment=False, key_agreement=False,
        encipher_only=False, decipher_only=False,
    )  # fmt: skip
    return (
        _builder(subject, issuer, key, now, ROOT_LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(usage, critical=True)
    )


def _authority_of(issuer: x509.Certificate) -> x509.AuthorityKeyIdentifier:
    key_id = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(key_id)


def make_server_certificate(
    key: PrivateKey, host: str, issuer_key: PrivateKey, issuer: x509.Certificate, now: dt.datetime
) -> x509.Certificate:
    """An HTTPS certificate for `host`, `localhost` and 127.0.0.1."""
    names = _alternative_names(host)
    builder = _server_builder(key, host, issuer.subject, now).add_extension(names, critical=False)
    return builder.add_extension(_authority_of(issuer), critical=False).sign(issuer_key, hashes.SHA256())


def make_old_server_certificate(
    key: PrivateKey, host: str, issuer_key: PrivateKey, issuer: x509.Certificate, now: dt.datetime
) -> x509.Certificate:
    """An HTTPS certificate that has `host` as its common name, and no alternative name."""
    builder = _server_builder(key, host, issuer.subject, now)
    return builder.add_extension(_authority_of(issuer), critical=False).sign(issuer_key, hashes.SHA256())


def make_self_signed(key: PrivateKey, host: str, now: dt.datetime) -> x509.Certificate:
    """An HTTPS certificate for `host` that nobody but its own key has signed, as IIS makes them."""
    names, own = _alternative_names(host), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    builder = _server_builder(key, host, own, now).add_extension(names, critical=False)
    return builder.sign(key, hashes.SHA256())


def make_crl(
    revoked: x509.Certificate, issuer_key: PrivateKey, issuer: x509.Certificate, now: dt.datetime
) -> x509.CertificateRevocationList:
    """A revocation list of `issuer` with one certificate on it."""
    entry = x509.RevokedCertificateBuilder().serial_number(revoked.serial_number).revocation_date(now)
    return (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.subject)
        .last_update(now - CLOCK_SLACK)
        .next_update(now + SERVER_LIFE)
        .add_extension(_authority_of(issuer), critical=False)
        .add_revoked_certificate(entry.build())
        .sign(issuer_key, hashes.SHA256())
    )


def _server_builder(
    key: PrivateKey, host: str, issuer: x509.Name, now: dt.datetime
) -> x509.CertificateBuilder:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    return (
        _builder(subject, issuer, key, now, SERVER_LIFE)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    )


def _alternative_names(host: str) -> x509.SubjectAlternativeName:
    names: list[x509.GeneralName] = [
        x509.DNSName("localhost"),
        x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
    ]
    extra = _general_name(host)
    return x509.SubjectAlternativeName(names if extra in names else [*names, extra])


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


def server_context(identity: Identity, terms: ServerTls = OWN_TERMS) -> ssl.SSLContext:
    """A TLS context that presents `identity`; HTTP/1.1 alone, and TLS 1.2 or newer without other `terms`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    agree_to(terms, context)
    try:
        context.load_cert_chain(identity.certificate_path, identity.key_path)
    except (OSError, ssl.SSLError) as error:
        raise PkiError(f"cannot use the certificate {identity.certificate_path}: {reason(error)}") from error
    return context


def client_context(trust_anchor: Path) -> ssl.SSLContext:
    """A TLS context that trusts `trust_anchor` alone and checks the server's name."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context.load_verify_locations(cafile=str(trust_anchor))
    except (OSError, ssl.SSLError) as error:
        raise PkiError(f"cannot read trust anchors from {trust_anchor}: {reason(error)}") from error
    return context


def check_revocation(context: ssl.SSLContext, crl: Path) -> None:
    """Have `context` refuse a peer whose certificate is on `crl` (PEM), or whose issuer has no list there."""
    try:
        context.load_verify_locations(cafile=str(crl))
    except (OSError, ssl.SSLError) as error:
        raise PkiError(f"cannot read a revocation list from {crl}: {reason(error)}") from error
    context.verify_flags |= ssl.VerifyFlags.VERIFY_CRL_CHECK_LEAF


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
