"""An EST server of the user's: the `[target]` table of a scenario, and the options for its keys."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any

import click
import msgspec

from loadtests.errors import ScenarioError
from loadtests.est.authentication import AuthScheme
from loadtests.est.reply import Profile
from loadtests.est.tls_settings import TlsVersion
from loadtests.quantities import RateType
from testbed.bounds import Settings
from testbed.numbers import Integer


class TargetSettings(Settings, frozen=True):
    """Where it is, how it is spoken to, and how much it may be loaded. Empty `url` means the lab.

    The password comes from ESTORM_EST_PASSWORD. Paths are as given, relative to the working directory. Of
    the caps, 0 is none. `ca_database` and `ca_log` are what orphans are counted or estimated from.
    """

    url: str = ""
    trust_anchor: str = ""
    est_user: str = ""
    auth: AuthScheme = AuthScheme.BASIC
    profile: Profile = Profile.RFC
    client_certificate: str = ""
    client_key: str = ""
    tls_minimum: TlsVersion = TlsVersion.TLS_1_2
    tls_maximum: TlsVersion = TlsVersion.TLS_1_3
    proof_of_possession: bool = False
    lsc_chain: str = ""
    max_rate_per_second: Annotated[float, msgspec.Meta(ge=0)] = 0.0
    max_phones: Annotated[int, msgspec.Meta(ge=0)] = 0
    ca_database: str = ""
    ca_log: str = ""


LAB = TargetSettings(profile=Profile.LIBEST)

# key: option, its type, its help
_OPTIONS: dict[str, tuple[str, Any, str]] = {
    "trust_anchor": ("--trust-anchor", str, "PEM file that the target's certificate chains to."),
    "est_user": ("--est-user", str, "HTTP user; the password comes from ESTORM_EST_PASSWORD."),
    "auth": (
        "--auth",
        click.Choice([*map(str, AuthScheme)]),
        "basic: with the first request; digest: when challenged; offered: the best that is offered.",
    ),
    "profile": (
        "--profile",
        click.Choice([*map(str, Profile)]),
        "Whose reading of answers: libest's strict one, or the RFC's (default for a target).",
    ),
    "client_certificate": ("--client-certificate", str, "PEM file with the TLS client certificate."),
    "client_key": ("--client-key", str, "PEM file with its key, if that is not in the same file."),
    "tls_minimum": ("--tls-min", click.Choice([*map(str, TlsVersion)]), "Oldest TLS version to speak."),
    "tls_maximum": ("--tls-max", click.Choice([*map(str, TlsVersion)]), "Newest TLS version to speak."),
    "proof_of_possession": ("--pop", bool, "Bind each request to its TLS session (tls-unique, TLS 1.2)."),
    "lsc_chain": ("--lsc-chain", str, "PEM file of the CAs that may issue LSCs; default: cacerts."),
}
_CAPS: dict[str, tuple[str, Any, str]] = {
    "max_rate_per_second": (
        "--max-rate",
        RateType(),
        "Refuse a storm in which more phones start in a second.",
    ),
    "max_phones": ("--max-phones", Integer(1), "Refuse a storm of more phones."),
    "ca_database": ("--ca-database", str, "Our mock CA's database: orphans are counted in it."),
    "ca_log": ("--ca-log", str, "The CA's IIS W3C log: orphans are estimated from it."),
}

Command = Callable[..., Any]


def server_options(command: Command) -> Command:
    """Add the options that say how to speak to an EST server."""
    return _add(command, _OPTIONS)


def load_options(command: Command) -> Command:
    """Add the options about a target that is loaded."""
    return _add(command, _CAPS)


def with_options(settings: TargetSettings, url: str | None, given: Mapping[str, object]) -> TargetSettings:
    """`settings` with what the options say instead; ScenarioError when they speak of no target."""
    chosen = {name: given[name] for name in (*_OPTIONS, *_CAPS) if given.get(name) not in (None, False)}
    merged = msgspec.to_builtins(settings) | chosen | ({"url": url} if url else {})
    result = msgspec.convert(merged, TargetSettings)
    caps = {"max_rate_per_second", "max_phones"}
    if not result.url and (about := sorted(set(chosen) - caps)):
        option = (_OPTIONS | _CAPS)[about[0]][0]
        raise ScenarioError(f"{option} speaks of a target; give --target, or leave it out for the lab")
    return result


def _add(command: Command, options: dict[str, tuple[str, Any, str]]) -> Command:
    for key, (option, kind, text) in reversed(options.items()):
        shape: dict[str, Any] = {"is_flag": True} if kind is bool else {"type": kind}
        command = click.option(option, key, help=text, **shape)(command)
    return command
