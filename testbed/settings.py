"""Settings of the testbed's parts: typed, bounded, and read from TOML tables or JSON.

Every default is the documented value of the real system (`CA` and `RA` timers: 10 s each, CSCvo58656).
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

import msgspec

from testbed.bounds import Name, Port, Seconds, Settings
from testbed.ca.settings import AccountSettings, CaSettings
from testbed.errors import SettingsError
from testbed.ra.settings import RaSettings, RaTimers
from testbed.server_tls import OWN_TERMS, ServerTls

__all__ = [
    "AccountSettings", "CaPartSettings", "CaSettings", "LabSettings", "Name", "Port", "RaPartSettings",
    "RaSettings", "RaTimers", "Seconds", "Settings", "changed", "decode", "encode", "read",
]  # fmt: skip

T = TypeVar("T")


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
    issuing_key: Path
    issuing_chain: Path
    database: Path
    log_directory: Path
    tls: ServerTls = OWN_TERMS


class RaPartSettings(Settings, frozen=True):
    """What the RA's process is started with: its settings and the lab's wiring.

    `ca_host` is the name in the CA's URL; `ca_address` what it resolves to (None: ask the resolver). With
    `ca_crl`, a PEM file, the CA's certificate must not be on that list (curl's --crlfile).
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
    tls: ServerTls = OWN_TERMS
    ca_crl: Path | None = None


def encode(value: msgspec.Struct) -> bytes:
    """`value` as JSON that `decode` reads back, paths included."""
    return msgspec.json.encode(value, enc_hook=str)


def decode(data: bytes, kind: type[T], source: str) -> T:
    """`data` (JSON) as `kind`; SettingsError names `source`, the key and what it may be."""
    try:
        return msgspec.json.decode(data, type=kind, dec_hook=_as_kind)
    except msgspec.DecodeError as error:
        raise SettingsError(f"{source}: {error}") from error


def read(path: Path, kind: type[T]) -> T:
    """The JSON file at `path` as `kind`; SettingsError when it cannot be read or does not fit."""
    try:
        return decode(path.read_bytes(), kind, str(path))
    except OSError as error:
        raise SettingsError(f"{path}: {error.strerror}") from error


def changed(settings: T, changes: Mapping[str, object]) -> T:
    """`settings` with other values: `{"ra.template": "CiscoRB"}`, dotted names; lists are replaced whole.

    SettingsError names the setting that there is not, or whose value cannot be used.
    """
    table = msgspec.to_builtins(settings, enc_hook=str)
    for name, value in changes.items():
        *path, last = name.split(".")
        place = table
        for step in path:
            place = place.get(step) if isinstance(place, dict) else None
        if not isinstance(place, dict) or last not in place:
            raise SettingsError(f"there is no setting {name!r} to change; it may be one of {_names(table)}")
        place[last] = msgspec.to_builtins(value, enc_hook=str)
    try:
        return msgspec.convert(table, type(settings), dec_hook=_as_kind)
    except msgspec.ValidationError as error:
        raise SettingsError(f"cannot change {', '.join(changes)}: {error}") from error


def _names(table: dict[str, object], prefix: str = "") -> str:
    return ", ".join(
        _names(value, f"{prefix}{name}.") if isinstance(value, dict) and value else f"{prefix}{name}"
        for name, value in table.items()
    )


def _as_kind(kind: type, value: object) -> object:
    if kind is Path and isinstance(value, str):
        return Path(value)
    if kind is object:
        return value
    raise NotImplementedError(f"{kind} cannot be a setting")
