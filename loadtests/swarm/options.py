"""The load generator's own options on Locust's command line and web page, and what they come to."""

import argparse
import enum
import math
import socket
from argparse import Namespace
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from cryptography import x509

from loadtests.arrivals.choice import shape_of
from loadtests.arrivals.settings import ArrivalSettings
from loadtests.arrivals.shape import Arrivals
from loadtests.capf.persistence import Rules
from loadtests.errors import ScenarioError
from loadtests.est.authentication import AuthScheme, Credentials
from loadtests.est.client import EstTarget, parse_target
from loadtests.est.reply import Profile
from loadtests.est.tls_choice import context_for
from loadtests.est.tls_engine import TlsContext
from loadtests.est.tls_settings import ClientIdentity, TlsSettings, TlsVersion, read_chain
from loadtests.est.tls_stream import Timers
from loadtests.phones.csr_file import Header, open_csr_file
from loadtests.phones.keys import KeyFile
from loadtests.phones.record_file import RecordFile
from loadtests.phones.roster import Roster, read_roster
from loadtests.phones.settings import AuthenticationMode, KeyType, Operation, RetrySettings
from loadtests.storm.generator_settings import TlsLibrary

if TYPE_CHECKING:  # importing Locust replaces this process's sockets
    from locust.argument_parser import LocustArgumentParser

_SHOWN: tuple[tuple[str, type, object, str], ...] = (
    ("phones", int, 100, "how many phones to enroll"),
    ("arrival-rate", str, "", "phones a second (open workload); empty: as Locust's users get free (closed)"),
    ("arrivals", str, "", "another shape of open workload: a scenario's [arrivals] table, as JSON"),
    ("phones-seed", int, 1, "the same seed gives the same phones in the same order"),
    ("key-pool-size", int, 0, "key pairs to share among all phones; 0: each has its own"),
    ("read-timeout", float, 10.0, "seconds a phone waits for each read, as libEST does"),
    ("connect-timeout", float, 10.0, "seconds a phone waits for its TCP connection"),
    ("handshake-timeout", float, 10.0, "seconds a phone waits for the whole TLS handshake"),
    ("retry-attempts", int, 1, "how often a phone tries before it gives up"),
    ("retry-spacing", float, 30.0, "seconds a phone waits after a failure before it tries again"),
    ("finish-by", float, 0.0, "no phone starts past this moment, in seconds since the epoch; 0: no limit"),
    ("quick-ack", str, "", "anything: acknowledge at once (Linux), so that no server waits for that"),
    ("est-segment", str, "", "additional path segment of the EST server"),
    ("pop", str, "", "anything: bind each request to its TLS session (tls-unique, TLS 1.2)"),
)
_CHOICES: tuple[tuple[str, type[enum.StrEnum], enum.StrEnum, str], ...] = (
    ("est-auth", AuthScheme, AuthScheme.BASIC, "basic: at once; digest: when challenged; offered: the best"),
    ("est-profile", Profile, Profile.LIBEST, "whose reading of answers"),
    ("tls-library", TlsLibrary, TlsLibrary.FAST, "whose TLS: fast costs a fifth less"),
    ("capf-auth-mode", AuthenticationMode, AuthenticationMode.AUTH_BY_STR, "what the CAPF trace shows"),
    ("tls-min", TlsVersion, TlsVersion.TLS_1_2, "oldest TLS version to speak"),
    ("tls-max", TlsVersion, TlsVersion.TLS_1_3, "newest TLS version to speak"),
)
_UNSHOWN = (
    ("trust-anchor", "PEM file that the EST server's certificate chains to; default: the system's"),
    ("client-certificate", "PEM file with the TLS client certificate"),
    ("client-key", "PEM file with its key; default: in the certificate's file"),
    ("lsc-chain", "PEM file of the CA certificates that may issue LSCs; default: the server's cacerts"),
    ("keys-file", "the phones' keys, made by `python -m loadtests.phones.keys`; default: made at each start"),
    ("requests-file", "the phones' CSRs, made before; needs --keys-file; default: made as phones start"),
    ("journal", "directory for the journal of attempts, attempts-<worker>.jsonl"),
    ("capf-trace", "file to append the CAPF trace to"),
    ("device-spool", "directory for what goes into the device table, devices-<worker>.spool"),
    ("roster", "file of the phones to start; default: all"),
    ("lscs", "device table of an earlier run whose LSCs the phones show; needs that run's --keys-file"),
)


@dataclass(frozen=True, slots=True)
class LoadOptions:
    """What to enroll, where, when, and where to write it down."""

    target: EstTarget
    tls: TlsSettings
    profile: Profile
    proof_of_possession: bool
    lsc_chain: Path | None
    credentials: Credentials | None
    phones: int
    seed: int
    key_type: KeyType
    key_pool_size: int
    keys_file: Path | None
    requests_file: Path | None
    tls_library: TlsLibrary
    rules: Rules
    mode: AuthenticationMode
    roster: Path | None
    lscs: Path | None
    arrivals: Arrivals | None
    timers: Timers
    journal: Path | None
    capf_trace: Path | None
    device_spool: Path | None

    @property
    def keys_needed(self) -> int:
        """How many key pairs the fleet has: one a phone, or the pool it shares."""
        return min(self.key_pool_size or self.phones, self.phones)

    def check(self) -> None:
        """Read what will be read again at the start; ScenarioError when something cannot be."""
        self.tls_context()
        self.chain()
        self.read_roster()
        if self.lscs and not self.keys_file:
            raise ScenarioError("--lscs needs --keys-file, the keys that the LSCs were issued for")
        if self.keys_file:
            self.open_keys(self.keys_file).close()
        if self.requests_file:
            self.open_requests().close()

    def open_keys(self, path: Path) -> KeyFile:
        """The key file at `path`; ScenarioError when it holds keys of another type."""
        keys = KeyFile(path)
        if keys.key_type != self.key_type:
            keys.close()
            raise ScenarioError(f"{path} holds {keys.key_type} keys, --key-type is {self.key_type}")
        return keys

    def open_requests(self) -> RecordFile[Header]:
        """The phones' requests; ScenarioError when they are not those of this fleet, or cannot be used."""
        assert self.requests_file is not None
        if not self.keys_file or self.proof_of_possession:
            raise ScenarioError("--requests-file needs the --keys-file it was made from, and no --pop")
        requests = open_csr_file(self.requests_file)
        if requests.header.seed != self.seed:
            requests.close()
            raise ScenarioError(
                f"{self.requests_file} holds requests of the fleet {requests.header.seed}, not of {self.seed}"
            )
        return requests

    def tls_context(self, identity: ClientIdentity | None = None) -> TlsContext:
        """A context for connections to the target; ScenarioError names what cannot be used."""
        return context_for(self.tls, self.tls_library, identity)

    def read_roster(self) -> Roster:
        """Which phones are started; ScenarioError when the file is not one of as many phones."""
        return read_roster(self.roster, self.phones) if self.roster else Roster()

    def chain(self) -> list[x509.Certificate] | None:
        """The certificates that an LSC's issuer must be one of; None: ask the EST server."""
        return read_chain(self.lsc_chain) if self.lsc_chain else None


def add_options(parser: "LocustArgumentParser") -> None:
    """Add the options to Locust's parser; secrets and files do not show on the web page."""
    for name, kind, default, text in _SHOWN:
        parser.add_argument(f"--{name}", type=kind, default=default, help=text)
    parser.add_argument("--key-type", default=str(KeyType.RSA_2048), choices=[*map(str, KeyType)])
    parser.add_argument(
        "--operation", default=str(Operation.INSTALL), choices=[*map(str, Operation)],
        help="install: simpleenroll; renew: simplereenroll",
    )  # fmt: skip
    for name, kind, default, text in _CHOICES:
        parser.add_argument(f"--{name}", default=str(default), choices=[*map(str, kind)], help=text)
    for name, text in _UNSHOWN:
        parser.add_argument(f"--{name}", default="", help=text, include_in_web_ui=False)
    parser.add_argument("--est-user", default="", help="user for HTTP Basic", env_var="ESTORM_EST_USER")
    parser.add_argument(
        "--est-password", default="", env_var="ESTORM_EST_PASSWORD", include_in_web_ui=False,
        help="password for HTTP Basic; better given as ESTORM_EST_PASSWORD, which no process list shows",
    )  # fmt: skip
    parser.add_argument(
        "--supervisor-pid", type=int, default=0, help=argparse.SUPPRESS, include_in_web_ui=False
    )


def read_options(given: Namespace, host: str | None) -> LoadOptions:
    """What the command line or the web page says; ScenarioError names the option that cannot be used."""
    if not host:
        raise ScenarioError("no EST server: give --host https://HOST:PORT")
    return LoadOptions(
        target=parse_target(host, given.est_segment),
        tls=TlsSettings(
            _path(given.trust_anchor),
            _path(given.client_certificate),
            _path(given.client_key),
            TlsVersion(given.tls_min),
            TlsVersion.TLS_1_2 if given.pop else TlsVersion(given.tls_max),
        ),
        profile=Profile(given.est_profile),
        proof_of_possession=bool(given.pop),
        lsc_chain=_path(given.lsc_chain),
        credentials=_credentials(given),
        phones=_at_least("--phones", given.phones, 1),
        seed=given.phones_seed,
        key_type=KeyType(given.key_type),
        key_pool_size=_at_least("--key-pool-size", given.key_pool_size, 0),
        keys_file=_path(given.keys_file),
        requests_file=_path(given.requests_file),
        tls_library=TlsLibrary(given.tls_library),
        rules=_rules(given),
        mode=AuthenticationMode(given.capf_auth_mode),
        roster=_path(given.roster),
        lscs=_path(given.lscs),
        arrivals=_arrivals(given),
        timers=Timers(
            _positive("--connect-timeout", given.connect_timeout),
            _positive("--handshake-timeout", given.handshake_timeout),
            _positive("--read-timeout", given.read_timeout),
            _quick_ack(given.quick_ack),
        ),
        journal=_directory("--journal", given.journal),
        capf_trace=_path(given.capf_trace),
        device_spool=_directory("--device-spool", given.device_spool),
    )


def _rules(given: Namespace) -> Rules:
    attempts = _at_least("--retry-attempts", given.retry_attempts, 1)
    spacing_seconds = _positive("--retry-spacing", given.retry_spacing)
    return Rules(
        Operation(given.operation),
        RetrySettings(attempts, spacing_seconds),
        given.finish_by or math.inf,
    )


def _credentials(given: Namespace) -> Credentials | None:
    if not given.est_user:
        return None
    return Credentials(given.est_user, given.est_password, AuthScheme(given.est_auth))


def _arrivals(given: Namespace) -> Arrivals | None:
    if given.arrivals and given.arrival_rate:
        raise ScenarioError("give --arrival-rate or --arrivals, not both")
    settings = _shape_settings(given.arrivals) if given.arrivals else _steady_settings(given.arrival_rate)
    return shape_of(settings, given.phones, given.phones_seed) if settings else None


def _shape_settings(text: str) -> ArrivalSettings:
    try:
        return msgspec.json.decode(text, type=ArrivalSettings)
    except msgspec.DecodeError as error:
        raise ScenarioError(f"--arrivals {text}: {error}") from error


def _steady_settings(text: str) -> ArrivalSettings | None:
    if not text:
        return None
    try:
        rate = float(text)
    except ValueError:
        raise ScenarioError(f"--arrival-rate {text!r} is not a number of phones a second") from None
    return ArrivalSettings(rate_per_second=_positive("--arrival-rate", rate))


def _quick_ack(text: str) -> bool:
    if text and not hasattr(socket, "TCP_QUICKACK"):
        raise ScenarioError("--quick-ack needs TCP_QUICKACK, which this system has not")
    return bool(text)


def _positive(option: str, value: float) -> float:
    if not (math.isfinite(value) and value > 0):
        raise ScenarioError(f"{option} {value:g} must be greater than 0")
    return value


def _at_least(option: str, value: int, least: int) -> int:
    if value < least:
        raise ScenarioError(f"{option} {value} must be {least} or more")
    return value


def _path(text: str) -> Path | None:
    return Path(text) if text else None


def _directory(option: str, text: str) -> Path | None:
    if text and not Path(text).is_dir():
        raise ScenarioError(f"{option} {text} is not a directory")
    return _path(text)
