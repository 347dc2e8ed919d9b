"""Settings of the testbed's parts: typed, bounded, and read from TOML tables or JSON.

Every default is the documented value of the real system (`CA` and `RA` timers: 10 s each, CSCvo58656).
"""

from pathlib import Path
from typing import Annotated, TypeVar

import msgspec

from testbed.errors import SettingsError

Port = Annotated[int, msgspec.Meta(ge=0, le=65535)]
Seconds = Annotated[float, msgspec.Meta(gt=0, le=3600)]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=255)]

T = TypeVar("T")


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=False):
    """A table of settings; unknown keys and values out of range are refused."""


class AccountSettings(Settings, frozen=True):
    """The service account the RA logs in with at the CA."""

    domain: Name = "ESTORM"
    user: Name = "ciscora"

    @property
    def name(self) -> str:
        """Domain, backslash, user: as the IIS log shows it."""
        return f"{self.domain}\\{self.user}"


class CaSettings(Settings, frozen=True):
    """The mock CA: where it listens and what it issues. Port 0 is any free port."""

    port: Port = 0
    name: Name = "ESTORM-LAB-CA"
    template: Name = "CiscoRA"
    validity_days: Annotated[int, msgspec.Meta(ge=1, le=36500)] = 730
    account: AccountSettings = AccountSettings()


class RaTimers(Settings, frozen=True):
    """How long the RA waits for the CA, per curl call. One call is one URL, NTLM's two legs included."""

    connect_seconds: Seconds = 10.0
    login_seconds: Seconds = 10.0
    form_seconds: Seconds = 10.0
    submit_seconds: Seconds = 10.0
    download_seconds: Seconds = 10.0


class RaSettings(Settings, frozen=True):
    """The RA: where it listens, which template it asks for, how long it waits."""

    port: Port = 0
    template: Name = "CiscoRA"
    realm: Name = "estrealm"
    est_user: Name = "capf"
    timers: RaTimers = RaTimers()


class LabSettings(Settings, frozen=True):
    """The whole chain on this machine."""

    host: Name = "127.0.0.1"
    start_seconds: Seconds = 30.0
    ca: CaSettings = CaSettings()
    ra: RaSettings = RaSettings()


class CaPartSettings(Settings, frozen=True):
    """What the CA's process is started with: its settings and the lab's wiring."""

    host: str
    ca: CaSettings
    account_password: str
    server_key: Path
    server_certificate: Path
    root_key: Path
    root_certificate: Path
    database: Path
    log_directory: Path


class RaPartSettings(Settings, frozen=True):
    """What the RA's process is started with: its settings and the lab's wiring.

    `ca_host` is the name in the CA's URL; `ca_address` what it resolves to (None: ask the resolver).
    """

    host: str
    ra: RaSettings
    est_password: str
    server_key: Path
    server_certificate: Path
    trust_anchor: Path
    ca_host: str
    ca_port: int
    account: AccountSettings
    account_password: str
    log_directory: Path
    ca_address: str | None = None


def decode(data: bytes, kind: type[T], source: str) -> T:
    """`data` (JSON) as `kind`; SettingsError names `source`, the key and what it may be."""
    try:
        return msgspec.json.decode(data, type=kind)
    except msgspec.DecodeError as error:
        raise SettingsError(f"{source}: {error}") from error


def read(path: Path, kind: type[T]) -> T:
    """The JSON file at `path` as `kind`; SettingsError when it cannot be read or does not fit."""
    try:
        return decode(path.read_bytes(), kind, str(path))
    except OSError as error:
        raise SettingsError(f"{path}: {error.strerror}") from error
