"""The load generator's work alone, as fast as it goes: `python -m tests.benchmarks.generator_alone MODE ...`.

Everything a phone of a real run does is done: enrollment with every check, journal, CAPF trace, Locust's
statistics, histograms. Only the schedule is left out, since a rate to be found has none: 32 at a time.

    premade   the request was made before
    inline    each phone signs its request in the measured time
    bare      the same request, no check, nothing written down: what wrk does
"""

from gevent import monkey  # type: ignore[import-untyped]

monkey.patch_all()

# ruff: noqa: E402
import datetime as dt
import sys
import time
from collections.abc import Callable
from pathlib import Path

import gevent
import msgspec
from cryptography import x509
from locust.env import Environment
from locust.stats import RequestStats

from loadtests.arrivals.schedule import Shard
from loadtests.capf.enroller import Enroller, Phones, Records
from loadtests.capf.trace import CapfTrace
from loadtests.est.authentication import Credentials
from loadtests.est.client import EstClient, EstOperation, EstTarget
from loadtests.est.fast_tls import FastContext
from loadtests.est.lsc import LscCheck
from loadtests.est.tls_stream import Timers
from loadtests.phones.keys import KeyFile
from loadtests.phones.phone import PhoneNames
from loadtests.results.journal import Attempt, JournalWriter
from loadtests.scenario import KeyType, Operation
from loadtests.swarm.clocks import steady_clock
from loadtests.swarm.fleet import settle_memory
from loadtests.swarm.gauge import Gauge
from tests.benchmarks.fixed_answer import SEED
from tests.benchmarks.job import AT_ONCE, Job, Outcome


class OneName(PhoneNames):
    """A fleet whose phones are all the fixed answer's."""

    def name(self, index: int) -> str:  # noqa: ARG002
        """The one phone's."""
        return super().name(0)


class OneRequest:
    """The same request for every phone."""

    def __init__(self, csr: bytes) -> None:
        self._csr = csr

    def __getitem__(self, index: int, /) -> bytes:
        return self._csr


def enrolling(job: Job) -> Callable[[], bool]:
    """What enrolls once and says whether that went well."""
    server, directory = job.server, Path(job.directory)
    clock = steady_clock(time.time, time.perf_counter)
    client = EstClient(
        EstTarget("127.0.0.1", server.port), FastContext(Path(server.trust_anchor)),
        Credentials("capf", "0123456789abcdef"), Timers(), clock,
    )  # fmt: skip
    if job.mode == "bare":
        return lambda: client.enroll(EstOperation.SIMPLEENROLL, server.csr).reply.failure is None
    phones = Phones(
        OneName(SEED), KeyFile(Path(server.keys)),
        requests=OneRequest(server.csr) if job.mode == "premade" else None,
    )  # fmt: skip
    trace = CapfTrace(directory / "capf.log", KeyType.RSA_2048, dt.datetime.now())  # noqa: DTZ005
    records = Records(0, JournalWriter(directory / "attempts-0.jsonl"), trace)
    chain = x509.load_pem_x509_certificates(Path(server.trust_anchor).read_bytes())
    enroller = Enroller(phones, client, LscCheck(chain), records, clock)
    gauge = Gauge(None, Shard(), 0, reporter())
    gauge.start()

    def enroll() -> bool:
        attempt, lsc = enroller.enroll(0, Operation.INSTALL, clock())
        gauge.took(attempt, len(lsc.der) if lsc else 0)
        return attempt.enrolled

    return enroll


def reporter() -> Callable[[Attempt, int], None]:
    """What feeds Locust's statistics as a run does."""
    environment = Environment()
    environment.stats = RequestStats()
    environment.create_local_runner()
    fire = environment.events.request.fire

    def report(attempt: Attempt, lsc_bytes: int) -> None:
        fire(  # type: ignore[no-untyped-call]
            request_type="EST", name="simpleenroll", response_length=lsc_bytes, exception=None, context={},
            response_time=(attempt.done - attempt.intended_start) * 1000, start_time=attempt.intended_start,
        )  # fmt: skip

    return report


def run(job: Job) -> Outcome:
    """Enroll for the given time, a first hundredth of a second apart, 32 at once."""
    enroll = enrolling(job)
    assert enroll()
    settle_memory()
    results: list[bool] = []
    end = time.perf_counter() + job.seconds

    def loop() -> None:
        while time.perf_counter() < end:
            results.append(enroll())

    began, spent = time.perf_counter(), time.process_time()
    gevent.joinall([gevent.spawn(loop) for _ in range(AT_ONCE)], raise_error=True)
    seconds, cpu_seconds = time.perf_counter() - began, time.process_time() - spent
    return Outcome(len(results), results.count(False), seconds, cpu_seconds)


if __name__ == "__main__":
    sys.stdout.buffer.write(msgspec.json.encode(run(msgspec.json.decode(sys.argv[1], type=Job))))
