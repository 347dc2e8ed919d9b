"""One enrollment from CSR to journal: what CAPF does for one phone that asks for its LSC."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

from loadtests.capf.device_spool import SpoolWriter
from loadtests.capf.trace import CapfTrace
from loadtests.errors import EnrollmentFailed
from loadtests.est.client import Csr, EstClient, EstOperation, Exchange, Timing
from loadtests.est.lsc import Lsc, LscCheck
from loadtests.est.tls_engine import TlsContext
from loadtests.phones.csr_file import Requests
from loadtests.phones.keys import KeyFile
from loadtests.phones.phone import Phone, PhoneNames
from loadtests.phones.settings import Operation
from loadtests.results.journal import Attempt, JournalWriter
from testbed.est_errors import EstError

EST_OPERATIONS = {
    Operation.INSTALL: EstOperation.SIMPLEENROLL,
    Operation.RENEW: EstOperation.SIMPLEREENROLL,
}


@dataclass(frozen=True, slots=True)
class Phones:
    """The phones that ask: their names and their keys, each key for `indexes_per_key` indexes.

    A process that drives every second phone has a key for each of its own alone, that is for two indexes.
    The requests of `bound` phones prove possession of their TLS session (RFC 7030 section 3.5).
    `tls_of` gives a phone that shows a certificate its own TLS context. `requests` are the phones' CSRs, if
    they were made before the run.
    """

    names: PhoneNames
    keys: KeyFile
    indexes_per_key: int = 1
    bound: bool = False
    tls_of: Callable[[Phone], TlsContext | None] = lambda _: None
    requests: Requests | None = None

    def phone(self, index: int) -> Phone:
        """Phone `index` of the fleet."""
        return Phone(index, self.names.name(index), self.keys.key(index // self.indexes_per_key))


@dataclass(frozen=True, slots=True)
class Records:
    """Where enrollments are written down; None: nowhere."""

    worker: int = 0
    journal: JournalWriter | None = None
    trace: CapfTrace | None = None
    spool: SpoolWriter | None = None


class Enroller:
    """Enrolls phones, any number of them at once. `clock` gives seconds since the epoch."""

    def __init__(
        self, phones: Phones, client: EstClient, check: LscCheck, records: Records, clock: Callable[[], float]
    ) -> None:
        self._phones = phones
        self._client = client
        self._check = check
        self._records = records
        self._clock = clock

    def enroll(
        self, index: int, operation: Operation, intended_start: float, number: int = 1
    ) -> tuple[Attempt, Lsc | None]:
        """Enroll phone `index` and write down how it went; `number` counts the phone's attempts from 1.

        The LSC is None when the attempt failed; the attempt says why. Never raises.
        """
        started = self._clock()
        phone = self._phones.phone(index)
        csr = self._request(phone, number)
        if self._records.trace:
            self._records.trace.started(phone.name, started)
        exchange = self._client.enroll(EST_OPERATIONS[operation], csr, self._phones.tls_of(phone))
        closed = self._clock()
        lsc, failure = self._judge(exchange, phone, csr if isinstance(csr, bytes) else None)
        done = self._clock()
        attempt = Attempt(
            phone=phone.name, index=index, operation=operation.value, attempt=number,
            worker=self._records.worker, intended_start=intended_start, started=started,
            sent=exchange.timing.sent, done=done,
            **_stage_seconds(exchange.timing),
            check_seconds=None if exchange.reply.failure else done - closed,
            est_error=str(failure.error if failure else EstError.NONE),
            est_code=int(failure.error if failure else EstError.NONE),
            http_status=exchange.reply.http_status,
            serial=lsc.serial if lsc else None,
            reason=failure.reason if failure else "",
        )  # fmt: skip
        if lsc and self._records.spool:
            self._records.spool.lsc(attempt, lsc.der)
        self._write_down(attempt, exchange, failure)
        return attempt, lsc

    def _request(self, phone: Phone, number: int) -> Csr:
        """The phone's CSR, or what makes it in its TLS session; kept until its LSC is there."""

        def make(challenge_password: str = "") -> bytes:
            made = self._phones.requests
            csr_der = made[phone.index] if made else phone.csr_der(challenge_password)
            if self._records.spool:
                self._records.spool.csr(phone.index, number, csr_der)
            return csr_der

        return make if self._phones.bound else make()

    def _judge(
        self, exchange: Exchange, phone: Phone, csr_der: bytes | None
    ) -> tuple[Lsc | None, EnrollmentFailed | None]:
        if exchange.reply.failure:
            return None, exchange.reply.failure.without_history()
        now = dt.datetime.fromtimestamp(exchange.timing.done, dt.UTC)
        try:
            return self._check.check(exchange.reply.body, phone, now, csr_der), None
        except EnrollmentFailed as failure:
            return None, failure.without_history()

    def _write_down(self, attempt: Attempt, exchange: Exchange, failure: EnrollmentFailed | None) -> None:
        if self._records.journal:
            self._records.journal.write(attempt)
        trace, reply, answered = self._records.trace, exchange.reply, exchange.timing.done
        if trace is None:
            return
        if failure is None:
            trace.succeeded(attempt.phone, len(reply.body), answered, attempt.done)
        elif reply.failure:
            trace.refused(attempt.phone, failure.error, attempt.done)
        else:
            trace.unusable(attempt.phone, failure.error, len(reply.body), answered, attempt.done)


def _stage_seconds(timing: Timing) -> dict[str, float | None]:
    """How long each stage took; None for one that was not completed."""
    return {
        "connect_seconds": _between(timing.started, timing.connected),
        "tls_seconds": _between(timing.connected, timing.secured),
        "send_seconds": _between(timing.secured, timing.sent),
        "wait_seconds": _between(timing.sent, timing.answered),
        "read_seconds": _between(timing.answered, timing.done if timing.answered else None),
    }


def _between(start: float | None, end: float | None) -> float | None:
    return None if start is None or end is None else end - start
