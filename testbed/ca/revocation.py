"""The certificate revocation list, made from the database when somebody asks for it."""

import datetime as dt
import sqlite3

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

from testbed import der
from testbed.ca import database
from testbed.ca.authority import Authority
from testbed.ca.settings import CaSettings

_CA_VERSION = x509.ObjectIdentifier("1.3.6.1.4.1.311.21.1")
_CLOCK_SLACK = dt.timedelta(minutes=10)
# RFC 5280 section 5.3.1; 7 is not used.
REASONS: dict[int, x509.ReasonFlags] = {
    0: x509.ReasonFlags.unspecified,
    1: x509.ReasonFlags.key_compromise,
    2: x509.ReasonFlags.ca_compromise,
    3: x509.ReasonFlags.affiliation_changed,
    4: x509.ReasonFlags.superseded,
    5: x509.ReasonFlags.cessation_of_operation,
    6: x509.ReasonFlags.certificate_hold,
    8: x509.ReasonFlags.remove_from_crl,
    9: x509.ReasonFlags.privilege_withdrawn,
    10: x509.ReasonFlags.aa_compromise,
}
Revoked = tuple[tuple[str, float, int], ...]


class RevocationList:
    """Signs the CA's CRL; one that nothing has changed since, and that is still fresh, is given again."""

    def __init__(self, authority: Authority, settings: CaSettings, reader: sqlite3.Connection) -> None:
        self._authority, self._reader = authority, reader
        self._life = dt.timedelta(days=settings.crl_days)
        self._made: tuple[Revoked, dt.datetime, bytes] | None = None

    def encoded(self, now: dt.datetime) -> bytes:
        """The current base CRL in DER. Its number is the second it was made in, so it never falls."""
        entries: Revoked = tuple(database.revoked(self._reader))
        if self._made and self._made[0] == entries and now - self._made[1] < self._life / 2:
            return self._made[2]
        encoded = self._sign(entries, now.replace(microsecond=0))
        self._made = (entries, now, encoded)
        return encoded

    def _sign(self, entries: Revoked, now: dt.datetime) -> bytes:
        own = self._authority.certificate
        key_id = own.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(own.subject)
            .last_update(now - _CLOCK_SLACK)
            .next_update(now + self._life)
            .add_extension(x509.AuthorityKeyIdentifier(key_id, None, None), critical=False)
            .add_extension(x509.CRLNumber(int(now.timestamp())), critical=False)
            .add_extension(x509.UnrecognizedExtension(_CA_VERSION, der.integer(0)), critical=False)
        )
        for serial, at, reason in entries:
            builder = builder.add_revoked_certificate(_entry(serial, at, reason))
        return builder.sign(self._authority.key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


def _entry(serial: str, at: float, reason: int) -> x509.RevokedCertificate:
    moment = dt.datetime.fromtimestamp(int(at), dt.UTC)
    builder = x509.RevokedCertificateBuilder().serial_number(int(serial, 16)).revocation_date(moment)
    if reason:
        builder = builder.add_extension(x509.CRLReason(REASONS[reason]), critical=False)
    return builder.build()
