"""Certificates on their way through the RA: requests, the CA's chain, the check before a phone gets one."""

import base64
import binascii
import contextlib
from collections.abc import Iterator

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, pkcs7

from testbed.errors import CaRefused

# What the parser raises, at once or when a field is looked at.
_UNREADABLE = (ValueError, TypeError, UnsupportedAlgorithm, x509.InvalidVersion)
# OpenSSL's base64 filter, which libEST reads requests with, takes lines shorter than this and wants one end
# of line at least: a whole request in one unended line is refused (measured).
_LINE_CHARACTERS = 1024
_BASE64_COLUMNS = 64


class SigningRequest:
    """A PKCS#10 request whose signature is good."""

    def __init__(self, request: x509.CertificateSigningRequest) -> None:
        self.pem = request.public_bytes(Encoding.PEM)
        self.public_key_der = _public_key_der(request)

    @classmethod
    def from_est(cls, body: bytes) -> "SigningRequest":
        """The request in the body of an EST message (RFC 7030 section 4.2.1), PEM armour tolerated.

        ValueError when it is no base64 in lines, no PKCS#10, or its signature is wrong.
        """
        try:
            request = x509.load_der_x509_csr(_decode_lines(body))
            if not request.is_signature_valid:
                raise ValueError("the signature of the certificate request is wrong")
            return cls(request)
        except _UNREADABLE as error:
            raise ValueError(f"the certificate request cannot be used: {error}") from error


class CaChain:
    """The CA's certificates, as they are given to EST clients and as issued certificates are checked by."""

    def __init__(self, certificates: list[x509.Certificate]) -> None:
        """CaRefused when the certificates are no chain: one is not signed by its issuer among them."""
        with _refusing_unreadable():
            self.certificates = tuple(certificates)
            self.pkcs7_lines = pkcs7_lines(certificates)
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


def pkcs7_lines(certificates: list[x509.Certificate]) -> bytes:
    """A certs-only PKCS#7 as EST sends it: base64 in lines of 64 columns, each ended by LF."""
    return base64_lines(pkcs7.serialize_certificates(certificates, Encoding.DER))


def base64_lines(data: bytes) -> bytes:
    """`data` in base64, lines of 64 columns, each ended by LF."""
    text = base64.b64encode(data)
    starts = range(0, len(text), _BASE64_COLUMNS)
    return b"".join(text[start : start + _BASE64_COLUMNS] + b"\n" for start in starts)


def _decode_lines(body: bytes) -> bytes:
    if b"\n" not in body:
        raise ValueError("the certificate request is not base64 in lines")
    lines = [line.strip() for line in body.splitlines()]
    lines = [line for line in lines if line and not line.startswith(b"-----")]
    if any(len(line) >= _LINE_CHARACTERS for line in lines):
        raise ValueError(f"a line of the certificate request has {_LINE_CHARACTERS} characters or more")
    try:
        return base64.b64decode(b"".join(lines), validate=True)
    except binascii.Error as error:
        raise ValueError(f"the certificate request is not base64: {error}") from error


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
