"""Probes an EST server for the exporter: one request for the CA's certificates, or one enrollment."""

import contextlib
import datetime as dt
import random
import socket
import threading
from collections.abc import Callable, Iterable
from dataclasses import replace

from cryptography import x509

from exporters.est.endpoint import TargetRefusedError
from exporters.est.observation import Enrolled, Observation
from loadtests.errors import EnrollmentFailed, ScenarioError
from loadtests.est.client import EstClient, EstOperation, EstTarget, Exchange, Timing, parse_target
from loadtests.est.lsc import LscCheck, read_certificates
from loadtests.est.tls_stream import Timers
from loadtests.phones.keys import generate
from loadtests.phones.phone import Phone, PhoneNames
from loadtests.storm.generator import EstServer
from loadtests.targets.probe_modules import ProbeModule, ProbeOperation
from loadtests.targets.server_sight import see
from loadtests.targets.target import credentials_of, expected_chain, tls_of
from testbed.est_errors import EstError


class EstProber:
    """One module at work. `clock` gives seconds since the epoch; `source` draws the phone that enrolls."""

    def __init__(
        self,
        module: ProbeModule,
        allowed: frozenset[EstTarget],
        clock: Callable[[], float],
        source: random.Random,
    ) -> None:
        self.timeout_seconds = module.timeout_seconds
        self._module, self._allowed, self._clock = module, allowed, clock
        self._phone = Phone(0, PhoneNames(source.getrandbits(32)).name(0), generate(module.key))
        self._lock = threading.Lock()
        self._last: dict[EstTarget, tuple[float, Observation]] = {}

    def check(self, target: str) -> None:
        """TargetRefusedError when `target` is no URL of an EST server, or is not on the module's list."""
        try:
            wanted = parse_target(target)
        except ScenarioError as error:
            raise TargetRefusedError(str(error)) from error
        anywhere = replace(wanted, segment="")
        if not self._module.any_target and not {wanted, anywhere} & self._allowed:
            raise TargetRefusedError("the configuration does not list this target", allowed=False)

    def probe(self, target: str, timeout_seconds: float) -> Observation:
        """Ask the server; an enrollment that is not due yet is shown as it was."""
        place = parse_target(target)
        if self._module.operation is ProbeOperation.CACERTS:
            return self._timed(place, timeout_seconds)
        # One at a time, so that scrapes of two Prometheus make one certificate.
        with self._lock:
            made, known = self._last.get(place, (0.0, None))
            if known and 0 <= self._clock() - made < self._module.interval_seconds:
                return known
            seen = self._timed(place, timeout_seconds)
            self._last[place] = (self._clock(), seen)
            return seen

    def _timed(self, place: EstTarget, timeout_seconds: float) -> Observation:
        started = self._clock()
        try:
            seen = self._look(self._module.est_server(place), timeout_seconds)
        except ScenarioError:  # a file that was there at the start is not any more
            seen = Observation(success=False, est_error=str(EstError.LOAD_TRUST_CERTS))
        return replace(seen, duration_seconds=self._clock() - started)

    def _look(self, server: EstServer, timeout_seconds: float) -> Observation:
        resolve = _look_up_seconds(server.target, self._clock)
        tls = tls_of(server)
        sight = see(server.target, tls, timeout_seconds)
        client = EstClient(
            server.target, tls.context(), credentials_of(server),
            Timers(timeout_seconds, timeout_seconds, timeout_seconds), self._clock, server.settings.profile,
        )  # fmt: skip
        exchange = client.cacerts()
        chain: list[x509.Certificate] = []
        error, enrolled = EstError.NONE, None
        try:
            chain = read_certificates(_body(exchange))
            if self._module.operation is ProbeOperation.ENROLL:
                exchange = self._enroll(client, server)
                enrolled = self._enrolled(exchange, expected_chain(server) or chain)
        except EnrollmentFailed as failure:
            error = failure.error
        return Observation(
            success=error is EstError.NONE, est_error=str(error),
            phases={"resolve": resolve} | _phases(exchange.timing),
            http_status=exchange.reply.http_status or 0, tls_version=sight.version,
            server_expires=_first_end(sight.chain), ca_expires=_first_end(chain), ca_certificates=len(chain),
            enrolled=enrolled,
        )  # fmt: skip

    def _enroll(self, client: EstClient, server: EstServer) -> Exchange:
        bound = server.settings.proof_of_possession
        return client.enroll(
            EstOperation.SIMPLEENROLL, self._phone.csr_der if bound else self._phone.csr_der()
        )

    def _enrolled(self, exchange: Exchange, chain: list[x509.Certificate]) -> Enrolled:
        now = self._clock()
        lsc = LscCheck(chain).check(_body(exchange), self._phone, dt.datetime.fromtimestamp(now, dt.UTC))
        return Enrolled(now, lsc.certificate.not_valid_after_utc.timestamp())


def _body(exchange: Exchange) -> bytes:
    if exchange.reply.failure:
        raise exchange.reply.failure
    return exchange.reply.body


def _first_end(certificates: Iterable[x509.Certificate]) -> float | None:
    return min((each.not_valid_after_utc.timestamp() for each in certificates), default=None)


def _phases(timing: Timing) -> dict[str, float]:
    """Seconds by phase: `processing` from the request's start to the answer's first byte."""
    steps = (
        ("connect", timing.connected), ("tls", timing.secured), ("processing", timing.answered),
        ("transfer", timing.done if timing.answered else None),
    )  # fmt: skip
    phases, before = {}, timing.started
    for name, at in steps:
        if at is None:
            break
        phases[name] = at - before
        before = at
    return phases


def _look_up_seconds(target: EstTarget, clock: Callable[[], float]) -> float:
    """How long the name takes to resolve; the request finds it in the resolver's cache, if that has one."""
    started = clock()
    with contextlib.suppress(OSError, UnicodeError):
        socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
    return clock() - started
