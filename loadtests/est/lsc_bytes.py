"""The usual answer told by its bytes: where a certificate stands in a PKCS#7, and what it certifies.

Parsing with the library costs three times as much. These readers know the one form that EST servers send and
say None to anything else, about which the library then decides.
"""

from collections.abc import Iterator
from typing import NamedTuple

_SIGNED_DATA = bytes.fromhex("06092a864886f70d010702")
_NO_CONTENT = bytes.fromhex("020101 3100 300b 06092a864886f70d010701")  # version 1, no digests, data without
_NO_SIGNERS = (bytes.fromhex("3100"), bytes.fromhex("a1003100"))  # with an empty set of CRLs, or none
_SEQUENCE, _INTEGER, _CONTEXT_0 = 0x30, 0x02, 0xA0


def certificates_in(pkcs7: bytes) -> list[bytes]:
    """The certificates, in DER, of a certs-only PKCS#7 in the usual form (RFC 5652); none for any other."""
    try:
        return list(_certificates(pkcs7))
    except (ValueError, IndexError):
        return []


class Statement(NamedTuple):
    """What a certificate says, each part in DER as it stands in it."""

    issuer: bytes
    certified: bytes
    """Subject and public key, one after the other."""
    signed: bytes
    """All that the issuer signed."""


def statement(certificate: bytes) -> Statement | None:
    """What a certificate in DER says (RFC 5280); None when it is in no usual form.

    Nor is one that names two algorithms of signature, of which the second is not signed itself.
    """
    try:
        signed, _ = _inside(certificate, 0, _SEQUENCE)
        at, end = _inside(certificate, signed, _SEQUENCE)
        algorithm = _after(certificate, _after(certificate, at, _CONTEXT_0), _INTEGER)
        issuer = _after(certificate, algorithm, _SEQUENCE)
        validity = _after(certificate, issuer, _SEQUENCE)
        subject = _after(certificate, validity, _SEQUENCE)
        last = _after(certificate, _after(certificate, subject, _SEQUENCE), _SEQUENCE)
    except (ValueError, IndexError):
        return None
    if last > end or not certificate.startswith(certificate[algorithm:issuer], end):
        return None
    return Statement(certificate[issuer:validity], certificate[subject:last], certificate[signed:end])


def asked_for(csr: bytes) -> bytes | None:
    """Subject and public key of a PKCS#10 request in DER (RFC 2986), one after the other."""
    try:
        at, _ = _inside(csr, 0, _SEQUENCE)
        at, _ = _inside(csr, at, _SEQUENCE)
        at = _after(csr, at, _INTEGER)
        return csr[at : _after(csr, _after(csr, at, _SEQUENCE), _SEQUENCE)]
    except (ValueError, IndexError):
        return None


def _certificates(pkcs7: bytes) -> Iterator[bytes]:
    whole = len(pkcs7)
    at = _expect(pkcs7, _filled(pkcs7, 0, _SEQUENCE, whole), _SIGNED_DATA)
    at = _filled(pkcs7, at, _CONTEXT_0, whole)
    at = _expect(pkcs7, _filled(pkcs7, at, _SEQUENCE, whole), _NO_CONTENT)
    at, end = _inside(pkcs7, at, _CONTEXT_0)
    if pkcs7[end:] not in _NO_SIGNERS:
        raise ValueError("signers")
    while at < end:
        last = _after(pkcs7, at, _SEQUENCE)
        if last > end:
            raise ValueError("a certificate that is cut short")
        yield pkcs7[at:last]
        at = last


def _expect(data: bytes, at: int, wanted: bytes) -> int:
    if not data.startswith(wanted, at):
        raise ValueError("unusual")
    return at + len(wanted)


def _filled(data: bytes, at: int, tag: int, end: int) -> int:
    """Where the content of the value at `at` begins, which must last to `end`."""
    start, last = _inside(data, at, tag)
    if last != end:
        raise ValueError("cut short, or followed by something")
    return start


def _after(data: bytes, at: int, tag: int) -> int:
    return _inside(data, at, tag)[1]


def _inside(data: bytes, at: int, tag: int) -> tuple[int, int]:
    """Begin and end of the content of the value at `at`; a length in DER has no more bytes than it needs."""
    if data[at] != tag:
        raise ValueError("another value")
    length, start = data[at + 1], at + 2
    if length >= 0x80:
        size = length & 0x7F
        length = int.from_bytes(data[start : start + size])
        start += size
        if not size or length < 0x80 or length >> 8 * (size - 1) == 0:
            raise ValueError("not DER")
    if start + length > len(data):
        raise ValueError("cut short")
    return start, start + length
