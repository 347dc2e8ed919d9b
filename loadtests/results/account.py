"""The account of certificates: each that the CA issued during a run is in one class, or it is named.

    issued = delivered + handed out late + orphaned + revoked

It is drawn up from three records that do not know of each other: the CA's database (what was issued and
revoked), the journal (what phones hold), the RA's log (what it had, and could not deliver).
"""

import contextlib
import enum
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from loadtests.errors import AccountError
from loadtests.results.journal import Attempt
from loadtests.results.orphans import Mark
from testbed.ca import database
from testbed.ca.records import Disposition, IssuedCertificate

_UNDELIVERED = re.compile(rb"certificate issued but not delivered, ReqID=(\d{1,10}), serial=([0-9a-f]+|-)")


class Fate(enum.StrEnum):
    """What became of a certificate; `revoked` whoever holds it."""

    DELIVERED = "delivered"
    HANDED_OUT_LATE = "handed_out_late"
    ORPHANED = "orphaned"
    REVOKED = "revoked"


_Certificates = Annotated[int, Meta(ge=0)]


class Balance(msgspec.Struct, frozen=True):
    """How many certificates there are of each class; `issued` is the sum of the others."""

    issued: _Certificates
    delivered: Annotated[_Certificates, Meta(description="To the attempt that asked for it")]
    handed_out_late: Annotated[_Certificates, Meta(description="To a later attempt of the same phone")]
    orphaned: Annotated[_Certificates, Meta(description="No phone holds it")]
    revoked: Annotated[_Certificates, Meta(description="By the CA's officer, whoever holds it")] = 0


class Certificate(msgspec.Struct, frozen=True):
    """One certificate: `serial` in hex, `subject` as the CA has it, `phone` that holds it ("": none)."""

    request_id: int
    serial: str
    fate: Fate
    subject: str
    phone: str = ""


@dataclass(frozen=True, slots=True)
class Account:
    """Every certificate of a run, in the order of the CA's request ids."""

    certificates: tuple[Certificate, ...]

    def of(self, fate: Fate) -> list[Certificate]:
        """Those of one class."""
        return [each for each in self.certificates if each.fate is fate]

    @property
    def balance(self) -> Balance:
        """How many there are of each class."""
        counts = dict.fromkeys(map(str, Fate), 0)
        for each in self.certificates:
            counts[each.fate] += 1
        return Balance(issued=len(self.certificates), **counts)


def account(
    ca_database: Path, attempts: Iterable[Attempt], since: Mark | None = None, ra_log: Path | None = None
) -> Account:
    """What became of each certificate that the mark covers; without `ra_log`, by times alone.

    AccountError names the certificate that fits nowhere: one that a phone holds and the CA never issued, one
    that two phones hold, one that the RA had and the CA does not know. DatabaseError: no database there.
    """
    every = database.issued(ca_database)
    known = {each.serial: each for each in every}
    holders = _holders(attempts, known)
    undelivered = _undelivered(ra_log, {each.request_id: each for each in every}) if ra_log else set()
    mark = since or Mark()
    return Account(
        tuple(
            Certificate(each.request_id, each.serial, fate, each.subject, holder.phone if holder else "")
            for each, holder, fate in (
                (each, holders.get(each.serial), _fate(each, holders.get(each.serial), undelivered))
                for each in every
                if mark.covers(each.request_id)
            )
        )
    )


def _fate(issued: IssuedCertificate, holder: Attempt | None, undelivered: set[int]) -> Fate:
    if issued.disposition is Disposition.REVOKED:
        return Fate.REVOKED
    if issued.disposition is not Disposition.ISSUED:
        raise AccountError(f"{_named(issued)} is {issued.disposition}, yet it has a certificate")
    if holder is None:
        return Fate.ORPHANED
    # Who asks again while his first request is at the CA starts before it is issued: the RA's log knows.
    late = issued.issued_at < holder.started or issued.request_id in undelivered
    return Fate.HANDED_OUT_LATE if late else Fate.DELIVERED


def _holders(attempts: Iterable[Attempt], known: Mapping[str, IssuedCertificate]) -> dict[str, Attempt]:
    """Who holds each serial number."""
    holders: dict[str, Attempt] = {}
    for attempt in attempts:
        if not attempt.enrolled:
            continue
        serial = attempt.serial or ""
        if serial not in known:
            raise AccountError(
                f"phone {attempt.phone} holds serial {serial or '(none)'}, which the CA's database does not "
                "have: another CA's database, or another run's journal"
            )
        other = holders.setdefault(serial, attempt)
        if other.index != attempt.index:
            raise AccountError(
                f"{_named(known[serial])} is held by two phones, {other.phone} and {attempt.phone}"
            )
    return holders


def _undelivered(log: Path, known: Mapping[int, IssuedCertificate]) -> set[int]:
    """Request ids of what the RA had from the CA and could not deliver at first."""
    found = set()
    for request_id, serial in _lost(log):
        issued = known.get(request_id)
        if issued is None or serial not in ("-", issued.serial):
            raise AccountError(
                f"the RA's log {log} has request id {request_id}, serial {serial}, as issued, and the CA's "
                "database has no such certificate: another run's log, or another CA's database"
            )
        found.add(request_id)
    return found


def _lost(log: Path) -> Iterator[tuple[int, str]]:
    with contextlib.suppress(FileNotFoundError), log.open("rb") as lines:
        for line in lines:
            if told := _UNDELIVERED.search(line):
                yield int(told[1]), told[2].decode("ascii")


def _named(issued: IssuedCertificate) -> str:
    return f"the certificate of request id {issued.request_id}, serial {issued.serial}, {issued.subject},"
