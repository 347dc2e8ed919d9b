"""The phones of one process: each starts at its time whatever became of the others, and all end.

Open workload: one dispatcher on an absolute schedule starts a greenlet per phone. Closed workload: whoever
calls `enroll_next` gets the next phone and waits for it.
"""

import contextlib
import datetime as dt
import gc
import logging
import math
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import gevent  # type: ignore[import-untyped]
from cryptography import x509
from gevent.event import Event  # type: ignore[import-untyped]
from gevent.pool import Group  # type: ignore[import-untyped]

from loadtests.arrivals.schedule import Shard, arrivals_of
from loadtests.capf.device_spool import SpoolWriter
from loadtests.capf.device_table import existing_table
from loadtests.capf.enroller import Enroller, Phones, Records
from loadtests.capf.persistence import Persistence
from loadtests.capf.trace import CapfTrace
from loadtests.errors import GeneratorFailed, LoadtestError
from loadtests.est.client import EstClient, get_cacerts
from loadtests.est.lsc import LscCheck
from loadtests.est.tls_engine import TlsContext
from loadtests.est.tls_settings import ClientIdentity
from loadtests.phones.keys import make_key_file
from loadtests.phones.phone import Phone, PhoneNames
from loadtests.phones.roster import Roster
from loadtests.phones.settings import noon_tomorrow
from loadtests.results.journal import Attempt, JournalWriter
from loadtests.swarm.clocks import Ahead, RunClock, steady_clock
from loadtests.swarm.gauge import Gauge
from loadtests.swarm.metering import Meter
from loadtests.swarm.options import LoadOptions
from loadtests.swarm.worker_report import report_path

Report = Callable[[Attempt, int], None]
_GRACE_SECONDS = 2.0
_OBJECTS_PER_COLLECTION = 50_000
_PROGRESS_STEPS = 10


class RunEnded(OSError):
    """Raised inside an enrollment that outlasts the run: what it waits for has failed, like a broken read."""


class Fleet:
    """One shard of a fleet. `prepare` it, `start` it, `wait` for it or `finish` early, `close` it.

    `report` is called at the end of each attempt, with the LSC's size in bytes, 0 for a failure.
    `failure` says why the fleet ended early by itself, if it did.
    """

    def __init__(
        self,
        options: LoadOptions,
        shard: Shard,
        report: Report,
        run_number: int = 1,
        meter: Meter | None = None,
    ) -> None:
        self.failure: LoadtestError | None = None
        self._options = options
        self._shard = shard
        self._gauge = _gauge(options, shard, report, meter)
        self._meter = meter
        if meter:
            meter.begin(shard.number, shard.size(options.phones), self._gauge.count)
        self._run_number = run_number
        self._clock = RunClock(steady_clock(time.time, time.perf_counter))
        self._owned = contextlib.ExitStack()
        self._persistence: Persistence | None = None
        self._roster = Roster()
        self._dispatcher: gevent.Greenlet[[], None] | None = None
        self._remaining: Iterator[int] = iter(())
        self._under_way = Group()
        self._started, self._exhausted, self._stopping = Event(), Event(), Event()

    def prepare(self) -> None:
        """Get keys, trust and files ready, which may take long; LoadtestError when something is missing."""
        tls, profile = self._options.tls_context(), self._options.profile
        chain = self._options.chain() or get_cacerts(self._options.target, tls, self._options.timers, profile)
        client = EstClient(
            self._options.target, tls, self._options.credentials, self._options.timers, self._clock, profile
        )
        try:
            records = self._records()
        except OSError as error:
            raise GeneratorFailed(f"cannot write to {error.filename}: {error.strerror}") from error
        enroller = Enroller(self._phones(), client, LscCheck(chain), records, self._clock)
        self._roster = self._options.read_roster()
        self._persistence = Persistence(
            enroller, self._options.rules, self._clock, self._report, self._goes_on_after, self._begin
        )

    def start(self, at: float | None = None) -> None:
        """Start the clock: now, or at this moment, in seconds since the epoch."""
        settle_memory()
        origin = self._clock() if at is None else at
        if self._options.arrivals is None:
            self._remaining = self._shard.of(range(self._options.phones))
            # Phones start as they are asked for; none is to be early: faults count from this moment too.
            self._stopping.wait(max(0.0, origin - self._clock()))
        self._gauge.start()
        if self._options.arrivals is not None:
            self._expect(origin)
            self._dispatcher = gevent.spawn(self._dispatch, origin)
        self._started.set()

    def now(self) -> float:
        """This process's time, which `set_clock_back` may correct."""
        return self._clock()

    def set_clock_back(self, ahead: Ahead) -> None:
        """Take the master's time for this process's if the two differ by more than can be explained."""
        self._gauge.clock_ahead_seconds = ahead.seconds
        if ahead.matters:
            self._clock.ahead_seconds = ahead.seconds

    def enroll_next(self) -> bool:
        """Closed workload: enroll the next phone; False when there is none left, or in an open workload."""
        self._started.wait()
        index = next(self._remaining, None)
        if index is None:
            if self._options.arrivals is None:
                self._gauge.arrivals_over()
                self._exhausted.set()
            return False
        self._launch(index, self._clock()).join()
        return True

    def wait(self) -> None:
        """Wait until every phone has started and ended."""
        self._exhausted.wait()
        self._under_way.join()

    def finish(self) -> None:
        """Start no more phones; wait for those under way, no longer than their timers allow."""
        self._stop_starting()
        self._under_way.join(timeout=self._options.timers.total_seconds + _GRACE_SECONDS)
        self._under_way.kill(RunEnded("the run ended before it did"), block=True)

    def close(self) -> None:
        """Close keys, journal and trace, and give the last account of this process."""
        self._gauge.close(ended=True)
        if self._meter:
            self._meter.course.ended = True
        self._owned.close()

    def _stop_starting(self) -> None:
        if self._dispatcher is not None:
            self._dispatcher.kill()
        self._gauge.arrivals_over()
        self._stopping.set()
        self._remaining = iter(())
        self._started.set()
        self._exhausted.set()

    def _dispatch(self, origin: float) -> None:
        assert self._options.arrivals is not None
        for arrival in arrivals_of(self._shard, self._options.arrivals, self._options.phones):
            intended_start = origin + arrival.offset_seconds
            ahead_seconds = intended_start - self._clock()
            if ahead_seconds > 0:
                gevent.sleep(ahead_seconds)
            self._launch(arrival.index, intended_start)
        self._gauge.arrivals_over()
        self._exhausted.set()

    def _launch(self, index: int, intended_start: float) -> "gevent.Greenlet[[int, float], None]":
        enrollment = gevent.Greenlet(self._enroll, index, intended_start)
        self._under_way.start(enrollment)
        if self._meter:
            self._meter.course.started += 1
        return enrollment

    def _enroll(self, index: int, intended_start: float) -> None:
        assert self._persistence is not None
        start = self._roster.at(index)
        earlier = (self._run_number - 1) * self._options.rules.retry.attempts
        try:
            self._persistence.see_through(start.index, intended_start, start.attempt, earlier)
        except OSError as error:
            self.failure = GeneratorFailed(f"cannot write down an enrollment: {error}")
            self._stop_starting()
        finally:
            if self._meter:
                self._meter.course.gone += 1

    def _expect(self, origin: float) -> None:
        arrivals = self._options.arrivals
        if self._meter and arrivals is not None:
            expected = arrivals_of(self._shard, arrivals, self._options.phones)
            self._meter.expect(origin + arrival.offset_seconds for arrival in expected)

    def _begin(self, number: int, first: int) -> None:
        if self._meter:
            scheduled = self._options.arrivals is not None and number == first
            self._meter.begins(scheduled=scheduled, retry=number > 1)

    def _report(self, attempt: Attempt, lsc_bytes: int) -> None:
        if self._meter:
            self._meter.ends(attempt)
        self._gauge.took(attempt, lsc_bytes)

    def _goes_on_after(self, seconds: float) -> bool:
        return not self._stopping.wait(seconds)

    def _records(self) -> Records:
        options, number = self._options, self._shard.number
        journal = trace = spool = None
        if options.journal:
            path = options.journal / f"attempts-{number}.jsonl"
            journal = self._owned.enter_context(JournalWriter(path))
        if options.capf_trace:
            finish_by = dt.datetime.fromtimestamp(self._finish_by())  # noqa: DTZ006 - CAPF's is local
            trace = CapfTrace(options.capf_trace, options.key_type, finish_by, options.mode)
            self._owned.enter_context(trace)
        if options.device_spool:
            path = options.device_spool / f"devices-{number}.spool"
            spool = self._owned.enter_context(SpoolWriter(path))
        return Records(number, journal, trace, spool)

    def _finish_by(self) -> float:
        given = self._options.rules.finish_by
        return given if math.isfinite(given) else noon_tomorrow(self._clock())

    def _phones(self) -> Phones:
        options, names = self._options, PhoneNames(self._options.seed)
        bound = options.proof_of_possession
        if options.keys_file:
            keys = self._owned.enter_context(options.open_keys(options.keys_file))
            requests = options.requests_file and self._owned.enter_context(options.open_requests())
            return Phones(names, keys, bound=bound, tls_of=self._own_tls(), requests=requests or None)
        with tempfile.TemporaryDirectory(prefix="estorm-keys-") as directory:
            path = Path(directory) / "keys"
            count = self._shard.size(options.keys_needed)
            make_key_file(path, options.key_type, max(1, count), _progress(count))
            # The mapping outlives the file's name, and nobody else can open it.
            keys = self._owned.enter_context(options.open_keys(path))
            return Phones(names, keys, self._shard.count, bound)

    def _own_tls(self) -> Callable[[Phone], TlsContext | None]:
        """What gives each phone that renews the TLS context that shows its LSC."""
        options = self._options
        if options.lscs is None:
            return lambda _: None
        table = self._owned.enter_context(existing_table(options.lscs, read_only=True))

        def own(phone: Phone) -> TlsContext:
            lsc = x509.load_der_x509_certificate(table.lsc(phone.index))
            return options.tls_context(ClientIdentity(lsc, phone.key))

        return own


def settle_memory() -> None:
    """Keep the garbage collector from looking at what lasts as long as the run, and have it look seldom.

    Its usual pace costs each enrollment 4 %, and pauses that grow with what is loaded. Phones leave no cycles
    behind but where an exception was raised.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_OBJECTS_PER_COLLECTION)


def _gauge(options: LoadOptions, shard: Shard, report: Report, meter: Meter | None) -> Gauge:
    path = options.journal and report_path(options.journal, shard.number)
    return Gauge(path, shard, shard.size(options.phones), report, meter=meter)


def _progress(count: int) -> Callable[[int], None]:
    step = max(1, count // _PROGRESS_STEPS)

    def tell(done: int) -> None:
        if done % step == 0:
            logging.getLogger(__name__).info("made %d of %d keys", done, count)

    return tell
