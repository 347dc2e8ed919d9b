"""The chain under test, with everything a fault can touch, and one phone that enrolls through it."""

import contextlib
import datetime as dt
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from cryptography import x509

from chaos.endpoints import ChainSystem
from chaos.fault import Evidence, Fault, Log
from chaos.rig import Rig
from chaos.settings import ChaosSettings
from chaos.system import Hop
from loadtests.capf.enroller import Enroller, Phones, Records
from loadtests.capf.trace import CapfTrace
from loadtests.est.authentication import Credentials
from loadtests.est.client import EstClient, EstTarget
from loadtests.est.lsc import LscCheck
from loadtests.est.tls_stream import Timers
from loadtests.phones.keys import KeyFile, make_key_file
from loadtests.phones.phone import PhoneNames
from loadtests.results.journal import Attempt
from loadtests.scenario import KeyType, Operation
from testbed.pki import client_context
from testbed.ra.certsrv.settings import RaResolver
from testbed.settings import LabSettings, RaSettings, RaTimers

HOPS: tuple[Hop, ...] = ("phone-ra", "ra-ca")
_FINISH_BY = dt.datetime(2030, 1, 1, 12, tzinfo=dt.UTC)
_LOGS: Mapping[Log, str] = {
    "capf": "capf.log", "ciscora": "ciscora.log", "nginx_error": "nginx_error.log", "iis": "u_ex*.log"
}  # fmt: skip
_QUICK = RaTimers(
    connect_seconds=1.0, login_seconds=1.0, form_seconds=1.0, submit_seconds=1.0, download_seconds=1.0
)
SETTINGS = LabSettings(ra=RaSettings(timers=_QUICK, resolver=RaResolver(seconds=0.3), drain_seconds=0.0))


@dataclass(frozen=True)
class Trace:
    """What one enrollment came to, and where the logs ended before it."""

    attempt: Attempt
    logs: Path
    starts: Mapping[Log, int]

    def text(self, log: Log) -> str:
        return _text(self.logs, log)[self.starts[log] :]

    def missing(self, evidence: Sequence[Evidence]) -> list[Evidence]:
        return [each for each in evidence if not re.search(each.pattern, self.text(each.log))]

    def shows(self, evidence: Sequence[Evidence], timeout_seconds: float = 3.0) -> bool:
        """Whether all of it is there, now or soon: a row follows its answer."""
        deadline = time.monotonic() + timeout_seconds
        while self.missing(evidence) and time.monotonic() < deadline:
            time.sleep(0.02)
        return not self.missing(evidence)


class Chain(ChainSystem):
    """A system of our own, and its phones."""

    def __init__(self, rig: Rig, enroller: Enroller) -> None:
        super().__init__(rig.endpoints)
        self.rig, self.logs = rig, Path(rig.endpoints.logs)
        self._enroller, self._enrolled = enroller, 0

    def enroll(self) -> Trace:
        """One phone after the other, each once."""
        starts = {log: len(_text(self.logs, log)) for log in _LOGS}
        attempt, _ = self._enroller.enroll(self._enrolled, Operation.INSTALL, time.time())
        self._enrolled += 1
        return Trace(attempt, self.logs, starts)


def leaves_its_evidence(system: Chain, fault: Fault, timeout_seconds: float = 3.0) -> Attempt:
    """One enrollment with the fault, and what it came to, between two without it.

    Asserts that its lines are those of the fault, and that the others succeed without any of them.
    """
    evidence = fault.evidence()
    _control(system, evidence)
    with fault.strike(system):
        struck = system.enroll()
        shown = struck.shows(evidence, timeout_seconds)
        assert shown, (
            struck.missing(evidence),
            struck.attempt,
            struck.text("nginx_error"),
            struck.text("iis"),
        )
    _control(system, evidence)
    return struck.attempt


def lasts_until_the_second_ends(system: Chain, fault: Fault, first: int) -> None:
    """Asserts that of two strikes at once either may end first, and that enrollments fail until both have."""
    strikes = [fault.strike(system), fault.strike(system)]
    for strike in strikes:
        strike.__enter__()
    strikes[first].__exit__(None, None, None)
    assert not system.enroll().attempt.enrolled
    strikes[1 - first].__exit__(None, None, None)
    assert system.enroll().attempt.enrolled


def _control(system: Chain, evidence: Sequence[Evidence]) -> None:
    control = system.enroll()
    assert control.attempt.enrolled, (control.attempt, control.text("nginx_error"))
    assert control.missing(evidence) == list(evidence)


def _text(logs: Path, log: Log) -> str:
    return "".join(path.read_text() for path in sorted(logs.glob(_LOGS[log])))


@contextlib.contextmanager
def chain(
    directory: Path, settings: LabSettings = SETTINGS, chaos: ChaosSettings | None = None
) -> Iterator[Chain]:
    """The chain, its logs in `directory`; the RA waits a second for each answer of the CA, CAPF three."""
    around = chaos or ChaosSettings()
    make_key_file(directory / "keys", KeyType.P_256, 1)
    with contextlib.ExitStack() as owned:
        rig = owned.enter_context(Rig(settings, around, directory, directory / "ca.sqlite", seed=1))
        keys = owned.enter_context(KeyFile(directory / "keys"))
        trace = owned.enter_context(CapfTrace(directory / "capf.log", KeyType.P_256, _FINISH_BY))
        ends = rig.endpoints
        client = EstClient(
            EstTarget("127.0.0.1", urlsplit(ends.ra).port or 0),
            client_context(Path(ends.trust_anchor)),
            Credentials(ends.est_user, ends.est_password),
            Timers(connect_seconds=3.0, handshake_seconds=3.0, read_seconds=3.0),
        )
        issuers = x509.load_pem_x509_certificates(rig.lab.pki.issuing.certificate_path.read_bytes())
        phones = Phones(PhoneNames(1), keys, indexes_per_key=1_000_000)
        enroller = Enroller(phones, client, LscCheck(issuers), Records(trace=trace), time.time)
        yield owned.enter_context(Chain(rig, enroller))
