"""The certification authority behind the web pages: takes requests, decides, signs, remembers."""

import asyncio
import datetime as dt
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import replace

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from exporters.ca import CaMetrics
from testbed.ca import database, policy
from testbed.ca.capacity import Capacity, TurnedAway
from testbed.ca.commits import CommitQueue
from testbed.ca.issuing import Issuer, directory_subject
from testbed.ca.policy import Decision, Policy
from testbed.ca.records import Disposition, RequestRecord, serial_text
from testbed.ca.revocation import RevocationList
from testbed.ca.settings import CaSettings, TemplateSettings
from testbed.ca.submission import (
    CertificateRequest,
    UnreadableRequest,
    decode_request,
    parse_attributes,
    parse_request,
    parse_san,
    template_name,
)

_LAST_ID = (1 << 32) - 1


class Store:
    """The database as the running CA uses it: one connection to read with, one queue to write through.

    Whoever holds `approving` alone may issue what an officer has approved.
    """

    def __init__(self, reader: sqlite3.Connection, commits: CommitQueue) -> None:
        self.reader, self.commits = reader, commits
        self.approving = asyncio.Lock()
        self._next_id = database.last_id(reader) + 1

    def take_id(self) -> int:
        """The number of the next request."""
        # An id that was taken but never committed was never answered either, so a restart may take it again.
        number, self._next_id = self._next_id, self._next_id + 1
        return number


class CertificationService:
    """One CA. Its answers are durable: what `submit` returns is in the database."""

    def __init__(
        self,
        settings: CaSettings,
        issuer: Issuer,
        store: Store,
        metrics: CaMetrics,
        capacity: Capacity,
        now: Callable[[], dt.datetime],
    ) -> None:
        self.authority, self.policy = issuer.authority, Policy(settings)
        self._settings, self._issuer, self._store = settings, issuer, store
        self._metrics, self._now, self._capacity = metrics, now, capacity
        self.revocation_list = RevocationList(issuer.authority, settings, store.reader)

    async def submit(self, requester: str, form: Mapping[str, str]) -> RequestRecord:
        """Decide on a submitted form; the record of the decision, already durable.

        Raises DatabaseError when it cannot be made so.
        """
        try:
            with self._capacity.database_session():
                return await self._decide(requester, form)
        except TurnedAway:
            return await self.refuse(requester, form, policy.no_database_session())

    async def _decide(self, requester: str, form: Mapping[str, str]) -> RequestRecord:
        der = decode_request(form.get("certrequest", ""))
        name = template_name(form)
        try:
            request = parse_request(der)
        except UnreadableRequest:
            return await self._remember(self._record(requester, name, der, policy.unreadable()))
        decision = self.policy.decide(requester, name, request)
        record = self._record(requester, name, der, decision, request.subject)
        if decision.disposition is Disposition.ISSUED and decision.template:
            names = self._names(request, form)
            async with self._capacity.sign():
                record = self._issued(record, request, decision.template, names)
        return await self._remember(record)

    async def refuse(self, requester: str, form: Mapping[str, str], decision: Decision) -> RequestRecord:
        """Remember a request that was decided without looking into it."""
        der = decode_request(form.get("certrequest", ""))
        return await self._remember(self._record(requester, template_name(form), der, decision))

    async def pend(self, requester: str, form: Mapping[str, str]) -> RequestRecord:
        """Remember a request as one that waits for an officer, whatever its template says."""
        pending = Decision(Disposition.PENDING, policy.SUCCESS, policy.SUBMITTED)
        return await self.refuse(requester, form, pending)

    async def retrieve(self, request_id: int) -> RequestRecord | None:
        """The record with this id, or None. One that an officer has approved since is issued first."""
        if not 0 < request_id <= _LAST_ID:
            return None
        record = database.find(self._store.reader, request_id)
        if record and record.disposition is Disposition.APPROVED:
            return await self._issue_approved(request_id)
        return record

    def fetched(self, request_id: int) -> None:
        """Somebody is given the certificate of this request."""
        self._metrics.fetched(request_id)

    def for_another_key(self, certificate: bytes) -> bytes:
        """A certificate like this one, DER or PEM, for a key that is nobody's; other bytes as they are."""
        return self._issuer.for_another_key(certificate)

    async def _issue_approved(self, request_id: int) -> RequestRecord | None:
        async with self._store.approving:
            record = database.find(self._store.reader, request_id)
            if record is None or record.disposition is not Disposition.APPROVED:
                return record
            request = parse_request(record.csr)
            template = self.policy.named(record.template) or self._settings.offered[0]
            ready = self._issued(record, request, template, request.subject_alternative_name)
            values = (ready.resolved_at, ready.certificate, ready.serial, ready.not_after, request_id)
            await self._store.commits.commit(database.ISSUE_APPROVED, values)
            self._metrics.decided(Disposition.ISSUED)
            self._metrics.issued(request_id)
            return database.find(self._store.reader, request_id)

    def _record(
        self,
        requester: str,
        template: str | None,
        der: bytes,
        decision: Decision,
        subject: x509.Name | None = None,
    ) -> RequestRecord:
        now = self._now().timestamp()
        pending = decision.disposition is Disposition.PENDING
        return RequestRecord(
            id=self._store.take_id(),
            submitted_at=now,
            requester=requester,
            template=decision.template.name if decision.template else template or "",
            subject=subject.rfc4514_string() if subject else "",
            disposition=decision.disposition,
            status=decision.status.code,
            message=decision.message,
            csr=der,
            resolved_at=None if pending else now,
        )

    def _issued(
        self,
        record: RequestRecord,
        request: CertificateRequest,
        template: TemplateSettings,
        names: x509.SubjectAlternativeName | None,
    ) -> RequestRecord:
        now = self._now()
        supplied = template.subject_supplied
        subject = request.subject if supplied else directory_subject(record.requester, self._settings)
        certificate = self._issuer.issue(
            request, record.id, template, subject, names if supplied else None, now
        )
        return replace(
            record,
            subject=record.subject if supplied else subject.rfc4514_string(),
            disposition=Disposition.ISSUED,
            resolved_at=now.timestamp(),
            certificate=certificate.public_bytes(serialization.Encoding.DER),
            serial=serial_text(certificate),
            not_after=certificate.not_valid_after_utc.timestamp(),
        )

    def _names(
        self, request: CertificateRequest, form: Mapping[str, str]
    ) -> x509.SubjectAlternativeName | None:
        if self._settings.san_attributes:
            wanted = parse_attributes(form.get("certattrib", "")).get("san")
            if wanted and (names := parse_san(wanted)):
                return names
        return request.subject_alternative_name

    async def _remember(self, record: RequestRecord) -> RequestRecord:
        await self._store.commits.commit(database.INSERT, database.row_of(record))
        self._metrics.decided(record.disposition)
        if record.disposition is Disposition.ISSUED:
            self._metrics.issued(record.id)
        return record
