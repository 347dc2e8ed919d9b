"""The probe exporter's modules: a TOML file that says what may be probed, and how.

targets = ["https://ces.example.com:8084"]      # what every module may probe

[modules.cacerts]
operation = "cacerts"
[modules.cacerts.server]
trust_anchor = "root.pem"

[modules.enroll]
operation = "enroll"
password_file = "password"                       # or password_variable = "NAME"
[modules.enroll.server]
trust_anchor = "root.pem"
est_user = "capf"
"""

import enum
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import msgspec

from loadtests.errors import ScenarioError
from loadtests.est.client import EstTarget, parse_target
from loadtests.phones.settings import KeyType
from loadtests.storm.generator import EstServer
from loadtests.targets.settings import TargetSettings
from testbed.bounds import Seconds, Settings


class ProbeOperation(enum.StrEnum):
    """What a probe asks for."""

    CACERTS = "cacerts"
    ENROLL = "enroll"


class ProbeModule(Settings, frozen=True):
    """One module. `server` is how a target is spoken to; its `url` stays empty.

    An enrollment is made at most every `interval_seconds`, however often the exporter is scraped: each is a
    certificate of the CA's. `any_target` lifts the list of targets, and is refused where credentials would
    go out.
    """

    operation: ProbeOperation = ProbeOperation.CACERTS
    targets: tuple[str, ...] = ()
    any_target: bool = False
    timeout_seconds: Seconds = 9.0
    interval_seconds: Annotated[float, msgspec.Meta(ge=0)] = 900.0
    key: KeyType = KeyType.P_256
    password_file: str = ""
    password_variable: str = ""
    server: TargetSettings = TargetSettings()

    def est_server(self, target: EstTarget) -> EstServer:
        """A target with what goes out to it; ScenarioError names the file that cannot be read."""
        return EstServer(
            target, Path(self.server.trust_anchor), self.server.est_user, self._password(), self.server
        )

    @property
    def gives_credentials(self) -> bool:
        """Whether a target gets to see a password or a client certificate."""
        return bool(self.server.est_user or self.server.client_certificate)

    def _password(self) -> str:
        if self.password_variable:
            return os.environ.get(self.password_variable, "")
        if not self.password_file:
            return ""
        try:
            return Path(self.password_file).read_text(encoding="utf-8").rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            raise ScenarioError(f"password_file: cannot read {self.password_file}") from error


class ProbeConfig(Settings, frozen=True):
    """The whole file."""

    modules: Mapping[str, ProbeModule]
    targets: tuple[str, ...] = ()


def read_probe_config(path: Path) -> ProbeConfig:
    """The configuration at `path`; ScenarioError names what cannot be used."""
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
        config = msgspec.convert(data, ProbeConfig)
    except OSError as error:
        raise ScenarioError(f"--config: cannot read {path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, msgspec.ValidationError) as error:
        raise ScenarioError(f"{path}: {error}") from error
    if not config.modules:
        raise ScenarioError(f"{path}: there is no [modules.NAME]")
    for name, module in config.modules.items():
        _check(f"{path}: modules.{name}", module, config)
    return config


def allowed_targets(module: ProbeModule, config: ProbeConfig) -> frozenset[EstTarget]:
    """What the module may probe."""
    return frozenset(parse_target(url) for url in (*config.targets, *module.targets))


def _check(where: str, module: ProbeModule, config: ProbeConfig) -> None:
    if module.server.url:
        raise ScenarioError(f"{where}.server.url: targets come with each probe; list them in `targets`")
    if not module.server.trust_anchor:
        raise ScenarioError(
            f"{where}.server.trust_anchor: name the PEM file that targets' certificates chain to"
        )
    if module.any_target and module.gives_credentials:
        raise ScenarioError(
            f"{where}: any_target would hand its credentials to whoever is named in a probe; list the targets"
        )
    if not module.any_target and not allowed_targets(module, config):
        raise ScenarioError(f"{where}: it may probe nothing; list `targets`, or set any_target = true")
    module.est_server(EstTarget("localhost", 443))
