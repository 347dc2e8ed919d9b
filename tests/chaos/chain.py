"""The chain under test, with everything a fault can touch, and one phone that enrolls through it."""

import contextlib
import datetime as dt
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
from cryptography import x509

from chaos.dns.client import DnsClient
from chaos.dns.plan import DnsPartSettings
from chaos.dns.process import DnsProcess
from chaos.fault import Evidence, Fault, Log
from chaos.process import family
from chaos.system import Control, Part, PartState, Reading
from chaos.tcp.client import ProxyWish, Toxiproxy
from chaos.tcp.process import ProxyProcess
from chaos.tcp.settings import TcpPartSettings
from loadtests.capf.enroller import Enroller, Phones, Records
from loadtests.capf.trace import CapfTrace
from loadtests.est.authentication import Credentials
from loadtests.est.client import EstClient, EstTarget
from loadtests.est.lsc import LscCheck
from loadtests.phones.keys import KeyFile, make_key_file
from loadtests.phones.phone import PhoneNames
from loadtests.results.journal import Attempt
from loadtests.scenario import KeyType, Operation
from testbed.lab import Hop, Lab, Wiring
from testbed.lab_part import LabPart
from testbed.pki import client_context
from testbed.ra.certsrv.settings import RaResolver, RaTimers
from testbed.settings import (
    CaPartSettings,
    CaSettings,
    LabSettings,
    RaPartSettings,
    RaSettings,
    changed,
)

CA_HOST = "lab-dc.estorm.test"
HOPS: tuple[Hop, ...] = ("phone-ra", "ra-ca")
_FINISH_BY = dt.datetime(2030, 1, 1, 12, tzinfo=dt.UTC)
_LOGS: Mapping[Log, str] = {
    "capf": "capf.log", "ciscora": "ciscora.log", "nginx_error": "nginx_error.log", "iis": "u_ex*.log"
}  # fmt: skip
_QUICK = RaTimers(
    connect_seconds=1.0, login_seconds=1.0, form_seconds=1.0, submit_seconds=1.0, download_seconds=1.0
)
SETTINGS = LabSettings(ca=CaSettings(), ra=RaSettings(ca_host_name=CA_HOST, timers=_QUICK, drain_seconds=0.0))


class LabControl:
    """The parts of a lab in this process."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self._changes: dict[Part, list[Mapping[str, object]]] = {"ca": [], "ra": []}

    def part(self, part: Part) -> PartState:
        found = self._part(part)
        children = family(found.pid)[1:] if found.pid else ()
        return PartState(part, found.pid, children, found.starts, found.addresses)

    def kill(self, part: Part) -> None:
        self._part(part).kill()

    def restart(self, part: Part) -> PartState:
        self._part(part).restart()
        return self.part(part)

    def reload(self, part: Part, changes: Mapping[str, object]) -> None:
        self._changes[part].append(changes)
        self._apply(part)

    def restore(self, part: Part, changes: Mapping[str, object] | None = None) -> None:
        if changes is None:
            self._changes[part].clear()
        elif changes in self._changes[part]:
            self._changes[part].remove(changes)
        self._apply(part)

    def set_clock(self, part: Part, reading: Reading) -> None:
        raise NotImplementedError

    def _apply(self, part: Part) -> None:
        merged = {name: value for changes in self._changes[part] for name, value in changes.items()}
        if part == "ca":
            self._lab.ca.reload(changed(self._lab.ca.original, merged))
        else:
            self._lab.ra.reload(changed(self._lab.ra.original, merged))

    def _part(self, part: Part) -> LabPart[CaPartSettings] | LabPart[RaPartSettings]:
        return self._lab.ca if part == "ca" else self._lab.ra


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


class Chain:
    """A `chaos.system.System`, and its phones."""

    def __init__(self, lab: Lab, proxies: Toxiproxy, dns: DnsClient, enroller: Enroller, logs: Path) -> None:
        self.lab, self.proxies, self.dns, self.logs = lab, proxies, dns, logs
        self.control: Control = LabControl(lab)
        self.ca_management = lab.endpoints.management
        self.ca_host = CA_HOST
        self.pki = Path(lab.endpoints.trust_anchor).parent
        self.seed = 1
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


def _control(system: Chain, evidence: Sequence[Evidence]) -> None:
    control = system.enroll()
    assert control.attempt.enrolled, (control.attempt, control.text("nginx_error"))
    assert control.missing(evidence) == list(evidence)


def _text(logs: Path, log: Log) -> str:
    return "".join(path.read_text() for path in sorted(logs.glob(_LOGS[log])))


@contextlib.contextmanager
def chain(directory: Path, settings: LabSettings = SETTINGS) -> Iterator[Chain]:
    """The chain, its logs in `directory`; the RA waits a second for each answer of the CA."""
    make_key_file(directory / "keys", KeyType.P_256, 1)
    addresses: dict[str, tuple[str, ...]] = {CA_HOST: ("127.0.0.1",)}
    with contextlib.ExitStack() as owned:
        tcp = owned.enter_context(ProxyProcess(TcpPartSettings(), directory))
        proxies = owned.enter_context(Toxiproxy(tcp.url))
        name_server = owned.enter_context(DnsProcess(DnsPartSettings(addresses=addresses), directory))
        dns = owned.enter_context(DnsClient(name_server.url))

        def route(hop: Hop, address: str) -> str:
            host, port = proxies.create(ProxyWish(hop, upstream=address)).address
            return f"{host}:{port}"

        resolver = RaResolver(server=name_server.address, seconds=1.0)
        wired = msgspec.structs.replace(settings, ra=msgspec.structs.replace(settings.ra, resolver=resolver))
        lab = owned.enter_context(Lab(wired, directory, directory / "ca.sqlite", Wiring(route)))
        keys = owned.enter_context(KeyFile(directory / "keys"))
        trace = owned.enter_context(CapfTrace(directory / "capf.log", KeyType.P_256, _FINISH_BY))
        client = EstClient(
            EstTarget("127.0.0.1", urlsplit(lab.endpoints.ra).port or 0),
            client_context(Path(lab.endpoints.trust_anchor)),
            Credentials(lab.endpoints.est_user, lab.endpoints.est_password),
        )
        chain_pem = x509.load_pem_x509_certificates(lab.pki.root.certificate_path.read_bytes())
        phones = Phones(PhoneNames(1), keys, indexes_per_key=1_000_000)
        enroller = Enroller(phones, client, LscCheck(chain_pem), Records(trace=trace), time.time)
        yield Chain(lab, proxies, dns, enroller, directory)
