"""What a client sends to certfnsh.asp: a form, request attributes, and a certificate request in it."""

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote_plus

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa

PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey

_MARKERS = re.compile(r"-----[A-Z ]*-----")
_NAME_NOISE = str.maketrans("", "", " -\t")
_SEQUENCE = 0x30


class UnreadableRequest(ValueError):
    """The certificate request cannot be parsed; the text says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class CertificateRequest:
    """A PKCS#10 whose proof of possession holds: its bytes, subject, public key and subject names."""

    der: bytes
    subject: x509.Name
    public_key: PublicKey
    subject_alternative_name: x509.SubjectAlternativeName | None


def parse_form(body: bytes) -> dict[str, str]:
    """The fields of an urlencoded form, names in lower case, the first of several kept.

    ASP never fails on a broken percent-escape: it stands for itself.
    """
    fields: dict[str, str] = {}
    for pair in body.decode("latin-1").split("&"):
        name, _, value = pair.partition("=")
        fields.setdefault(_unquote(name).lower(), _unquote(value))
    return fields


def parse_query(query: str) -> dict[str, str]:
    """The parameters of a query string, by the rules of `parse_form`."""
    return parse_form(query.encode("latin-1", "replace"))


def parse_attributes(text: str) -> dict[str, str]:
    """Request attributes by name in lower case (MS-WCCE section 3.2.1.4.2.1.2).

    One `name:value` a line; blanks and minus signs in names do not count, lines without a colon are ignored.
    """
    attributes: dict[str, str] = {}
    for line in re.split(r"[\r\n]+", text):
        name, colon, value = line.partition(":")
        name = name.translate(_NAME_NOISE).lower()
        if colon and name:
            attributes.setdefault(name, value.strip())
    return attributes


def parse_san(text: str) -> x509.SubjectAlternativeName | None:
    """The DNS names of a SAN attribute, `dns=a&dns=b`; other kinds are left out; None when none is there."""
    pairs = (pair.partition("=") for pair in text.split("&"))
    names = [value.strip() for kind, _, value in pairs if kind.strip().lower() == "dns"]
    valid = [x509.DNSName(name) for name in names if name and name.isascii()]
    return x509.SubjectAlternativeName(valid) if valid else None


def template_name(form: Mapping[str, str]) -> str | None:
    """The template that the request's attributes name, or None."""
    return parse_attributes(form.get("certattrib", "")).get("certificatetemplate") or None


def decode_request(text: str) -> bytes:
    """The DER in a CertRequest field: PEM or bare base64, with any line ends or none; empty for neither."""
    packed = "".join(_MARKERS.sub("", text).split())
    try:
        return base64.b64decode(packed, validate=True)
    except (binascii.Error, ValueError):
        return b""


def parse_request(der: bytes) -> CertificateRequest:
    """The certificate request in `der`; UnreadableRequest when it is none or its signature does not hold."""
    if not der or der[0] != _SEQUENCE:
        raise UnreadableRequest("not a PKCS #10 request")
    try:
        csr = x509.load_der_x509_csr(der)
        key = csr.public_key()
        if not csr.is_signature_valid:
            raise UnreadableRequest("its signature does not fit its key")
        subject, names = csr.subject, _subject_names(csr)
    except (ValueError, UnsupportedAlgorithm, InvalidSignature, TypeError) as error:
        raise UnreadableRequest(str(error) or type(error).__name__) from error
    if not isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey):
        raise UnreadableRequest("its key is neither RSA nor EC")
    return CertificateRequest(der, subject, key, names)


def _subject_names(csr: x509.CertificateSigningRequest) -> x509.SubjectAlternativeName | None:
    try:
        return csr.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return None


def _unquote(text: str) -> str:
    return unquote_plus(text, encoding="utf-8", errors="replace")
