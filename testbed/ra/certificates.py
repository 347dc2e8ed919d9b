"""Certificates on their way through the RA: requests, the CA's chain, the check before a phone gets one."""

import base64
import binascii
import contextlib
import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, pkcs7
from cryptography.x509.oid import AttributeOID

from testbed.errors import CaRefused

# What the parser raises, at once or when a field is looked at.
_UNREADABLE = (ValueError, TypeError, UnsupportedAlgorithm, x509.InvalidVersion)
# OpenSSL's base64 filter, which libEST reads requests with, takes lines shorter than this and wants one end
# of line at least: a whole request in one unended line is refused (measured).
_LINE_CHARACTERS = 1024
_BASE64_COLUMNS = 64
# id-aa-decryptKeyID, id-aa-asymmDecryptKeyID
_KEY_ENCRYPTION = frozenset(x509.ObjectIdentifier(f"1.2.840.113549.1.9.16.2.{number}") for number in (37, 54))
_RSA_OID, _EC_OID = "1.2.840.113549.1.1.1", "1.2.840.10045.2.1"
_CURVE_OIDS = {"secp256r1": "1.2.840.10045.3.1.7", "secp384r1": "1.3.132.0.34", "secp521r1": "1.3.132.0.35"}


@dataclass(frozen=True, slots=True)
class Encoding64:
    """What a request may look like: whether it must be in lines, whether PEM armour may be around it."""

    lines_required: bool
    armour_allowed: bool


LIBEST_ENCODING = Encoding64(lines_required=True, armour_allowed=True)


class SigningRequest:
    """A PKCS#10 request.

    `fingerprint` names what is asked for: subject, key and attributes, without a proof of possession and the
    signature, which differ each time the same is asked for. `challenge_password` is that proof.
    `wants_encrypted_key` says that a key made for the client should be encrypted (RFC 7030 section 4.4.1).
    `object_identifiers` are those of its attributes, its extensions and its algorithms. `names` is the
    subject alternative name.
    """

    def __init__(self, request: x509.CertificateSigningRequest) -> None:
        """ValueError when a part of the request cannot be read."""
        self.pem = request.public_bytes(Encoding.PEM)
        self.public_key_der = _public_key_der(request)
        self.subject = request.subject
        self._request = request
        attributes = {attribute.oid: attribute.value for attribute in request.attributes}
        self.challenge_password = attributes.pop(AttributeOID.CHALLENGE_PASSWORD, None)
        self._attributes = attributes
        self.wants_encrypted_key = not _KEY_ENCRYPTION.isdisjoint(attributes)
        parts = [self.subject.public_bytes(), self.public_key_der]
        parts += [oid.dotted_string.encode() + b"=" + value for oid, value in attributes.items()]
        self.fingerprint = hashlib.sha256(b"".join(b"%d:%s" % (len(p), p) for p in parts)).digest()

    @classmethod
    def from_est(
        cls, body: bytes, encoding: Encoding64 = LIBEST_ENCODING, *, signed: bool = True
    ) -> "SigningRequest":
        """The request in the body of an EST message (RFC 7030 section 4.2.1).

        ValueError when it is not in base64 as `encoding` wants it, no PKCS#10, or its signature is wrong;
        `signed` False ignores the signature, as for a server's key (section 4.4.1).
        """
        try:
            request = x509.load_der_x509_csr(_decode(body, encoding))
            if signed and not request.is_signature_valid:
                raise ValueError("the signature of the certificate request is wrong")
            return cls(request)
        except _UNREADABLE as error:
            raise ValueError(f"the certificate request cannot be used: {error}") from error

    @property
    def extensions(self) -> x509.Extensions:
        """The extensions that are asked for; ValueError when they cannot be read."""
        return self._request.extensions

    @property
    def names(self) -> x509.SubjectAlternativeName | None:
        """The subject alternative name that is asked for; ValueError when it cannot be read."""
        return subject_names(self._request)

    @property
    def object_identifiers(self) -> frozenset[str]:
        """Everything the request says by OID, dotted; ValueError when it cannot be read."""
        found = {oid.dotted_string for oid in self._attributes}
        found |= {extension.oid.dotted_string for extension in self.extensions}
        if self.challenge_password is not None:
            found.add(AttributeOID.CHALLENGE_PASSWORD.dotted_string)
        found.add(self._request.signature_algorithm_oid.dotted_string)
        return frozenset(found | _key_oids(self._request.public_key()))


class CaChain:
    """The CA's certificates, as they are given to EST clients and as issued certificates are checked by."""

    def __init__(self, certificates: list[x509.Certificate]) -> None:
        """CaRefused when the certificates are no chain: one is not signed by its issuer among them."""
        with _refusing_unreadable():
            self.certificates = tuple(certificates)
            self.pkcs7_der = pkcs7_der(certificates)
            self._by_subject: dict[x509.Name, list[x509.Certificate]] = {}
            for certificate in certificates:
                self._by_subject.setdefault(certificate.subject, []).append(certificate)
            for certificate in certificates:
                if certificate.issuer != certificate.subject:
                    self._check_issued_here(certificate)

    def check(self, certificate: x509.Certificate, request: SigningRequest) -> None:
        """CaRefused unless the certificate is for the request's key and signed by this chain."""
        with _refusing_unreadable():
            if _public_key_der(certificate) != request.public_key_der:
                raise CaRefused("wrong_key", "the certificate is for another key than the request's")
            self._check_issued_here(certificate)

    def _check_issued_here(self, certificate: x509.Certificate) -> None:
        issuers = self._by_subject.get(certificate.issuer, [])
        if any(_is_issued_by(certificate, issuer) for issuer in issuers):
            return
        name = certificate.issuer.rfc4514_string()
        if not issuers:
            raise CaRefused("wrong_issuer", f"the certificate's issuer {name} is not in the CA's chain")
        raise CaRefused("wrong_signature", f"the certificate is not signed by {name}")


def pkcs7_der(certificates: Iterable[x509.Certificate]) -> bytes:
    """A certs-only PKCS#7 in DER."""
    return pkcs7.serialize_certificates(list(certificates), Encoding.DER)


def base64_lines(data: bytes, columns: int = _BASE64_COLUMNS) -> bytes:
    """`data` in base64, lines of so many columns, each ended by LF; one unended line when `columns` is 0."""
    text = base64.b64encode(data)
    if not columns:
        return text
    starts = range(0, len(text), columns)
    return b"".join(text[start : start + columns] + b"\n" for start in starts)


def subject_names(
    holder: x509.Certificate | x509.CertificateSigningRequest,
) -> x509.SubjectAlternativeName | None:
    """The subject alternative name, None when there is none; ValueError when it cannot be read."""
    try:
        return holder.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return None


def _decode(body: bytes, encoding: Encoding64) -> bytes:
    if encoding.lines_required and b"\n" not in body:
        raise ValueError("the certificate request is not base64 in lines")
    lines = [line.strip() for line in body.splitlines()]
    if encoding.armour_allowed:
        lines = [line for line in lines if not line.startswith(b"-----")]
    if encoding.lines_required and any(len(line) >= _LINE_CHARACTERS for line in lines):
        raise ValueError(f"a line of the certificate request has {_LINE_CHARACTERS} characters or more")
    try:
        return base64.b64decode(b"".join(b"".join(lines).split()), validate=True)
    except binascii.Error as error:
        raise ValueError(f"the certificate request is not base64: {error}") from error


def _key_oids(key: object) -> set[str]:
    if isinstance(key, ec.EllipticCurvePublicKey):
        return {_EC_OID, _CURVE_OIDS.get(key.curve.name, _EC_OID)}
    return {_RSA_OID} if isinstance(key, rsa.RSAPublicKey) else set()


def _is_issued_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (InvalidSignature, *_UNREADABLE):  # another key type than the signature's is a ValueError
        return False
    return True


def _public_key_der(holder: x509.Certificate | x509.CertificateSigningRequest) -> bytes:
    return holder.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


@contextlib.contextmanager
def _refusing_unreadable() -> Iterator[None]:
    try:
        yield
    except _UNREADABLE as error:
        raise CaRefused("unreadable_certificate", f"a certificate cannot be read: {error}") from error
