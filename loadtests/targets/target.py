"""A target made ready: its files read, its owner's consent known, its caps held against the storm."""

import bisect
import os
from pathlib import Path

from cryptography import x509

from loadtests.arrivals.shape import Arrivals
from loadtests.errors import ScenarioError
from loadtests.est.authentication import Credentials
from loadtests.est.client import get_cacerts, parse_target
from loadtests.est.tls_settings import TlsSettings, TlsVersion, read_chain
from loadtests.scenario import Scenario
from loadtests.storm.generator import EstServer
from loadtests.targets.confirmation import require_consent
from loadtests.targets.settings import TargetSettings

PASSWORD_VARIABLE = "ESTORM_EST_PASSWORD"  # noqa: S105 - its name


def open_target(scenario: Scenario, *, consented: bool) -> EstServer | None:
    """The user's EST server, known to be one that may be loaded; None when the storm makes its own lab.

    ScenarioError for a file or a cap, TargetError for consent or a server that is not one.
    """
    check_caps(scenario)
    if not scenario.target.url:
        return None
    server = server_of(scenario.target)
    require_consent(server.target, consented=consented)
    tls = tls_of(server)
    get_cacerts(server.target, tls.context(), profile=scenario.target.profile)
    return server


def server_of(settings: TargetSettings) -> EstServer:
    """Where the target is and what it is given; ScenarioError for what is missing."""
    target = parse_target(settings.url)
    if not settings.trust_anchor:
        raise ScenarioError("a target needs --trust-anchor, the PEM file that its certificate chains to")
    password = os.environ.get(PASSWORD_VARIABLE, "")
    return EstServer(target, Path(settings.trust_anchor), settings.est_user, password, settings)


def credentials_of(server: EstServer) -> Credentials | None:
    """The user and password that go out to it, if any."""
    return Credentials(server.user, server.password, server.settings.auth) if server.user else None


def tls_of(server: EstServer) -> TlsSettings:
    """Its TLS; proof of possession needs a version that has tls-unique."""
    settings = server.settings
    maximum = TlsVersion.TLS_1_2 if settings.proof_of_possession else settings.tls_maximum
    return TlsSettings(
        server.trust_anchor, _path(settings.client_certificate), _path(settings.client_key),
        settings.tls_minimum, maximum,
    )  # fmt: skip


def expected_chain(server: EstServer) -> list[x509.Certificate] | None:
    """The certificates that an LSC's issuer must be one of; None: those of the server's cacerts."""
    return read_chain(Path(server.settings.lsc_chain)) if server.settings.lsc_chain else None


def check_caps(scenario: Scenario) -> None:
    """ScenarioError when the storm is larger or faster than its target may be loaded."""
    phones, target = scenario.phones.count, scenario.target
    if target.max_phones and phones > target.max_phones:
        raise ScenarioError(f"{phones} phones exceed the cap of {target.max_phones} (--max-phones)")
    if not target.max_rate_per_second:
        return
    shape = scenario.shape
    if shape is None:
        raise ScenarioError(
            "a closed workload has no rate that --max-rate could cap; let phones arrive at a rate instead"
        )
    peak = most_in_one_second(shape, phones) * scenario.phones.retry.attempts
    if peak > max(1.0, target.max_rate_per_second):
        raise ScenarioError(
            f"up to {peak} phones start within a second, more than the cap of "
            f"{target.max_rate_per_second:g}/s (--max-rate), retries included; lower the rate, or choose a "
            "steadier shape"
        )


def most_in_one_second(shape: Arrivals, phones: int) -> int:
    """The largest number of phones that start within any one second."""
    offsets = list(shape.offsets_seconds(phones))
    slack_seconds = 1e-9  # a steady rate's offsets are rounded
    return max(
        (bisect.bisect_left(offsets, start + 1.0 - slack_seconds) - at for at, start in enumerate(offsets)),
        default=0,
    )


def _path(text: str) -> Path | None:
    return Path(text) if text else None
