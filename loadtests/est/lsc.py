"""The check CAPF makes before it calls an LSC good.

libEST hands on whatever a 200 carried, garbage too, so this is where a wrong, cut or foreign answer is
found out. libEST has no codes for most of it; the ones chosen here are those of its table that fit best:

    BAD_BASE64            the answer is not base64
    BAD_X509              not a certs-only PKCS#7, or cut, or followed by something
    NO_CERTS_FOUND        a PKCS#7 with an empty set of certificates
    X509_PUBKEY           no certificate for the phone's key
    X509_CN               the certificate's subject is not the phone's
    CACERT_VERIFICATION   not issued by the CA: unknown issuer, or a signature that does not verify
    VALIDATION            expired, or not valid yet
"""

import binascii
import datetime as dt
import warnings
from collections.abc import Iterable
from dataclasses import dataclass

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs7

from loadtests.errors import EnrollmentFailed
from loadtests.est.lsc_bytes import asked_for, certificates_in, statement
from loadtests.est.signer import Signer
from loadtests.phones.phone import Phone
from testbed.est_errors import EstError

_LINE_BREAKS = b" \t\r\n"


@dataclass(frozen=True, slots=True)
class Lsc:
    """A checked LSC, `der` as the phone receives it."""

    certificate: x509.Certificate
    der: bytes

    @property
    def serial(self) -> str:
        """The serial number in lower-case hex, without leading zeros."""
        return f"{self.certificate.serial_number:x}"

    @property
    def pem(self) -> bytes:
        """The certificate in PEM, as CAPF stores it."""
        return self.certificate.public_bytes(serialization.Encoding.PEM)


class LscCheck:
    """Checks what the EST server sent against the phone that asked, and the CA that should have issued it."""

    def __init__(self, chain: Iterable[x509.Certificate]) -> None:
        self._issuers: dict[x509.Name, list[x509.Certificate]] = {}
        self._signers: dict[bytes, list[Signer]] = {}
        for certificate in chain:
            self._issuers.setdefault(certificate.subject, []).append(certificate)
            if (key := _public_key(certificate)) is not None:
                self._signers.setdefault(certificate.subject.public_bytes(), []).append(Signer(key))

    def check(self, body: bytes, phone: Phone, now: dt.datetime, csr_der: bytes | None = None) -> Lsc:
        """The phone's LSC from `body`, a PKCS#7 in base64; EnrollmentFailed says what is wrong with it.

        `csr_der` is what the phone asked with: an answer that gives it just that costs a third to tell.
        """
        if csr_der and (lsc := self._usual(body, csr_der, now)):
            return lsc
        wanted = phone.key.public_key()
        found = next((lsc for lsc in read_certificates(body) if _public_key(lsc) == wanted), None)
        if found is None:
            raise EnrollmentFailed(
                EstError.X509_PUBKEY, "the answer holds no certificate for the phone's key"
            )
        try:
            _check_subject(found, phone)
            self._check_issuer(found)
            _check_dates(found, now)
        except ValueError as error:
            raise EnrollmentFailed(EstError.BAD_X509, f"malformed certificate: {error}") from error
        return Lsc(found, found.public_bytes(serialization.Encoding.DER))

    def _usual(self, body: bytes, csr_der: bytes, now: dt.datetime) -> Lsc | None:
        """The LSC if subject and key are the request's byte for byte, and all else is well; else None."""
        try:
            wanted = asked_for(csr_der)
            stated = ((each, statement(each)) for each in certificates_in(_decoded(body)))
            der, said = next((each, said) for each, said in stated if said and said.certified == wanted)
            lsc = x509.load_der_x509_certificate(der)
            if not any(signer.signed(said.signed, lsc) for signer in self._signers.get(said.issuer, ())):
                return None
            _check_dates(lsc, now)
        except (StopIteration, EnrollmentFailed, ValueError, x509.InvalidVersion):
            return None
        return Lsc(lsc, der)

    def _check_issuer(self, lsc: x509.Certificate) -> None:
        candidates = self._issuers.get(lsc.issuer, [])
        if not candidates:
            raise EnrollmentFailed(
                EstError.CACERT_VERIFICATION,
                f"its issuer {lsc.issuer.rfc4514_string()!r} is not in the CA's chain",
            )
        if _signed_by_any(lsc, candidates):
            return
        raise EnrollmentFailed(EstError.CACERT_VERIFICATION, "the CA's signature does not verify")


def _signed_by_any(lsc: x509.Certificate, issuers: Iterable[x509.Certificate]) -> bool:
    """Whether one of them is its issuer by name and signed it."""
    for issuer in issuers:
        try:
            lsc.verify_directly_issued_by(issuer)
        except (InvalidSignature, UnsupportedAlgorithm, TypeError, ValueError):
            continue
        return True
    return False


def read_certificates(body: bytes) -> list[x509.Certificate]:
    """The certificates of a certs-only PKCS#7 in base64 (RFC 7030 section 4.2.3), one at least.

    EnrollmentFailed when `body` is anything else, is cut short, or goes on after its end.
    """
    der = _decoded(body)
    if not _fills(der):
        raise EnrollmentFailed(EstError.BAD_X509, "the answer is cut short, too long, or not PKCS#7")
    try:
        with warnings.catch_warnings():
            # It warns of BER, which CMS allows (RFC 5652 section 5.1) and some CAs send.
            warnings.simplefilter("ignore", UserWarning)
            certificates = pkcs7.load_der_pkcs7_certificates(der)
    except (ValueError, TypeError, UnsupportedAlgorithm, x509.InvalidVersion) as error:
        raise EnrollmentFailed(EstError.BAD_X509, f"the answer is not PKCS#7: {error}") from error
    if not certificates:
        raise EnrollmentFailed(EstError.NO_CERTS_FOUND, "the PKCS#7 holds no certificate")
    return certificates


def _decoded(body: bytes) -> bytes:
    try:
        return binascii.a2b_base64(body.translate(None, _LINE_BREAKS), strict_mode=True)
    except binascii.Error as error:
        raise EnrollmentFailed(EstError.BAD_BASE64, f"the answer is not base64: {error}") from error


def _fills(der: bytes) -> bool:
    """Whether one ASN.1 SEQUENCE fills `der` exactly, as far as its length says.

    The library's BER parser ignores what follows. A sequence of indefinite length ends in two zero bytes.
    """
    if len(der) < 2 or der[0] != 0x30:
        return False
    if der[1] == 0x80:
        return der.endswith(b"\0\0")
    if der[1] < 0x80:
        return len(der) == 2 + der[1]
    size = der[1] & 0x7F
    return len(der) == 2 + size + int.from_bytes(der[2 : 2 + size])


def _public_key(certificate: x509.Certificate) -> object:
    """The public key, or None for one of a kind that no phone has."""
    try:
        return certificate.public_key()
    except (ValueError, UnsupportedAlgorithm):
        return None


def _check_subject(lsc: x509.Certificate, phone: Phone) -> None:
    """Same attributes in any order: AD CS may put them in its own (its registry value SubjectTemplate)."""
    if frozenset(lsc.subject) != frozenset(phone.subject):
        raise EnrollmentFailed(
            EstError.X509_CN, f"its subject is {lsc.subject.rfc4514_string()!r}, not the phone's {phone.name}"
        )


def _check_dates(lsc: x509.Certificate, now: dt.datetime) -> None:
    if now < lsc.not_valid_before_utc:
        raise EnrollmentFailed(EstError.VALIDATION, f"not valid before {lsc.not_valid_before_utc:%FT%TZ}")
    if now > lsc.not_valid_after_utc:
        raise EnrollmentFailed(EstError.VALIDATION, f"expired {lsc.not_valid_after_utc:%FT%TZ}")
