"""A dry run: one phone enrolls at an EST server, and each step says what it saw and what to change.

Nothing but one enrollment is asked of the server, so what a storm would find is found before it.
"""

import base64
import binascii
import contextlib
import datetime as dt
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from cryptography import x509
from cryptography.x509.oid import AttributeOID

from loadtests.capf.enroller import EST_OPERATIONS
from loadtests.errors import EnrollmentFailed, LoadtestError
from loadtests.est.authentication import read_challenges
from loadtests.est.client import Csr, EstClient, EstOperation, Exchange, Timing
from loadtests.est.lsc import Lsc, LscCheck, read_certificates
from loadtests.est.reply import ContentType
from loadtests.phones.keys import generate
from loadtests.phones.phone import Phone, PhoneNames
from loadtests.phones.settings import KeyType, Operation
from loadtests.storm.generator import EstServer
from loadtests.targets.probe_advice import advice_for
from loadtests.targets.server_sight import look_at
from loadtests.targets.target import credentials_of, expected_chain, tls_of
from testbed import der

_CHALLENGE_PASSWORD = der.oid(AttributeOID.CHALLENGE_PASSWORD.dotted_string)


@dataclass(slots=True)
class Finding:
    """One step: what was seen, line by line; what to do when it failed."""

    step: str
    seen: list[str] = field(default_factory=list)
    advice: str = ""
    word: str = "ok"

    @property
    def failed(self) -> bool:
        """Whether no phone can enroll because of it."""
        return bool(self.advice)


class Probe:
    """Probes one server. `findings` come as they are made and end with the first that failed."""

    def __init__(
        self,
        server: EstServer,
        key_type: KeyType = KeyType.RSA_2048,
        operation: Operation = Operation.INSTALL,
        source: random.Random | None = None,
    ) -> None:
        self._server = server
        self._operation: EstOperation = EST_OPERATIONS[operation]
        seed = (source or random.SystemRandom()).getrandbits(32)
        self._phone = Phone(0, PhoneNames(seed).name(0), generate(key_type))
        self._tls = tls_of(server)
        self._chain: list[x509.Certificate] = []

    def findings(self) -> Iterator[Finding]:
        """TLS, cacerts, csrattrs, authentication, enrollment; ScenarioError for a file that is not usable."""
        settings = self._server.settings
        client = EstClient(
            self._server.target, self._tls.context(), credentials_of(self._server), profile=settings.profile
        )
        yield self._look()
        steps = (self._cacerts, self._csrattrs, self._authentication)
        for step in steps:
            finding = step(client)
            yield finding
            if finding.failed:
                return
        if self._open_door is None:
            yield self._enrollment(client.enroll(self._operation, self._csr))
        else:
            yield self._enrollment(self._open_door)

    _open_door: Exchange | None = None

    @property
    def _csr(self) -> Csr:
        """The phone's request, or what makes it in its TLS session."""
        return self._phone.csr_der if self._server.settings.proof_of_possession else self._phone.csr_der()

    def _look(self) -> Finding:
        seen, complete = look_at(self._server.target, self._tls)
        return Finding("TLS", seen, word="ok" if complete else "note")

    def _cacerts(self, client: EstClient) -> Finding:
        finding = Finding("cacerts")
        exchange = client.cacerts()
        try:
            if exchange.reply.failure:
                raise exchange.reply.failure
            self._chain = read_certificates(exchange.reply.body)
        except EnrollmentFailed as failure:
            return self._blame(finding, failure, exchange)
        finding.seen += [_described(certificate) for certificate in self._chain]
        return finding

    def _csrattrs(self, client: EstClient) -> Finding:
        """What the server wants in a request (RFC 7030 section 4.5); a server may have no answer."""
        finding = Finding("csrattrs")
        reply = client.get("csrattrs", ContentType.CSRATTRS).reply
        if reply.failure:
            finding.seen.append(f"none ({reply.failure.reason})")
            return finding
        with contextlib.suppress(binascii.Error):
            wanted = base64.b64decode(reply.body.rstrip(b"\0"))
            finding.seen.append(f"{len(wanted)} bytes of attributes" if len(wanted) > 2 else "none wanted")
            if _CHALLENGE_PASSWORD in wanted and not self._server.settings.proof_of_possession:
                finding.seen.append("it asks for a challengePassword: give --pop to bind requests to TLS")
        return finding

    def _authentication(self, client: EstClient) -> Finding:
        """Ask once without credentials, to see what is offered."""
        finding = Finding("authentication")
        exchange = client.unauthenticated(self._operation, self._csr)
        reply = exchange.reply
        if reply.http_status == 200:
            self._open_door = exchange
            finding.seen.append("none is asked for: a request without HTTP credentials was served")
        elif reply.http_status != 401:
            return self._blame(finding, _failure_of(exchange), exchange)
        elif reply.challenges:
            offered = read_challenges(reply.challenges)
            finding.seen.append(f"offered: {', '.join(map(str, offered))}")
        else:
            finding.seen.append("401 that offers no scheme: a client certificate may be wanted")
        given = self._server.settings
        if not self._server.user and not given.client_certificate and not self._open_door:
            finding.advice = "give --est-user (and ESTORM_EST_PASSWORD), or --client-certificate"
        return finding

    def _enrollment(self, exchange: Exchange) -> Finding:
        finding = Finding("enrollment", [f"phone {self._phone.name}", _timings(exchange.timing)])
        if exchange.reply.http_status is not None:
            finding.seen.append(f"HTTP {exchange.reply.http_status}")
        try:
            if exchange.reply.failure:
                raise exchange.reply.failure
            lsc = self._checked(exchange)
        except EnrollmentFailed as failure:
            return self._blame(finding, failure, exchange)
        certificate = lsc.certificate
        finding.seen += [
            _described(certificate), f"serial {lsc.serial}",
            f"valid {certificate.not_valid_before_utc:%F} to {certificate.not_valid_after_utc:%F}",
            f"certificates in the answer: {len(read_certificates(exchange.reply.body))}",
        ]  # fmt: skip
        return finding

    def _checked(self, exchange: Exchange) -> Lsc:
        check = LscCheck(expected_chain(self._server) or self._chain)
        return check.check(exchange.reply.body, self._phone, dt.datetime.fromtimestamp(time.time(), dt.UTC))

    def _blame(self, finding: Finding, failure: EnrollmentFailed, exchange: Exchange) -> Finding:
        finding.seen.append(str(failure))
        finding.advice = advice_for(failure, exchange.reply, self._server)
        return finding


def _failure_of(exchange: Exchange) -> EnrollmentFailed:
    if exchange.reply.failure is None:
        raise LoadtestError(f"HTTP {exchange.reply.http_status} without a failure")
    return exchange.reply.failure


def _described(certificate: x509.Certificate) -> str:
    subject, issuer = certificate.subject.rfc4514_string(), certificate.issuer.rfc4514_string()
    by = "itself" if subject == issuer else issuer or "nobody"
    return f"{subject or 'no subject'}, issued by {by}"


def _timings(timing: Timing) -> str:
    steps = (
        ("connect", timing.connected), ("TLS", timing.secured), ("send", timing.sent),
        ("wait", timing.answered), ("read", timing.done if timing.answered else None),
    )  # fmt: skip
    shown, before = [], timing.started
    for name, at in steps:
        if at is not None:
            shown.append(f"{name} {(at - before) * 1000:.0f} ms")
            before = at
    return ", ".join([*shown, f"in all {(timing.done - timing.started) * 1000:.0f} ms"])
