"""A scenario: everything that a storm depends on, in one TOML file. `docs/scenario.md` explains each key."""

import importlib.resources
import random
import tomllib
from pathlib import Path
from typing import Annotated, Self

import msgspec
import tomli_w

from chaos.settings import ChaosSettings
from loadtests.arrivals.choice import shape_of
from loadtests.arrivals.settings import ArrivalSettings
from loadtests.arrivals.shape import Arrivals, last_offset_seconds
from loadtests.errors import ScenarioError
from loadtests.phones.settings import ONCE, AuthenticationMode, KeyType, Operation, RetrySettings
from loadtests.storm.generator_settings import GeneratorSettings
from loadtests.targets.settings import TargetSettings
from testbed.errors import reason
from testbed.refusals import explain
from testbed.settings import CaSettings, LabSettings, Name, RaSettings, Seconds, Settings

__all__ = [
    "MAX_PHONES",
    "KeyType",
    "Load",
    "Operation",
    "PhoneSettings",
    "PlaceSettings",
    "Scenario",
    "SloSettings",
    "default_scenario",
    "parse_scenario",
    "read_scenario",
    "scenario_of",
    "without_nulls",
]

MAX_PHONES = 10_000_000


class PhoneSettings(Settings, frozen=True):
    """The fleet. `key_pool_size` 0 makes a key pair for each phone, N shares N pairs among all phones.

    `finish_within_seconds` makes the devices' finish-by deadline, 0 is noon tomorrow. `keep_keys` leaves the
    phones' keys in the run folder; `renew_from` is a run folder that has them, whose phones renew.
    `handshake_timeout_seconds` bounds the whole TLS handshake, the wait for a worker of the RA included.
    """

    count: Annotated[int, msgspec.Meta(ge=1, le=MAX_PHONES)] = 500
    key: KeyType = KeyType.RSA_2048
    key_pool_size: Annotated[int, msgspec.Meta(ge=0, le=MAX_PHONES)] = 0
    operation: Operation = Operation.INSTALL
    read_timeout_seconds: Seconds = 10.0
    handshake_timeout_seconds: Seconds = 10.0
    retry: RetrySettings = ONCE
    authentication_mode: AuthenticationMode = AuthenticationMode.AUTH_BY_STR
    finish_within_seconds: Annotated[float, msgspec.Meta(ge=0, le=86_400)] = 0.0
    keep_keys: bool = False
    renew_from: str = ""


class SloSettings(Settings, frozen=True):
    """What must hold for the storm to pass; `docs/scenario.md` has the grammar."""

    rules: tuple[str, ...] = ("enrolled_share >= 100%", "orphans == 0")


class PlaceSettings(Settings, frozen=True):
    """Where the lab runs and how long its parts may take to start."""

    host: Name = "127.0.0.1"
    start_seconds: Seconds = 30.0


class Scenario(Settings, frozen=True):
    """One storm, fully described. `seed` None draws one, which is printed and stored."""

    name: Name = "unnamed"
    seed: Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)] | None = None
    phones: PhoneSettings = PhoneSettings()
    arrivals: ArrivalSettings = ArrivalSettings()
    target: TargetSettings = TargetSettings()
    generator: GeneratorSettings = GeneratorSettings()
    slo: SloSettings = SloSettings()
    lab: PlaceSettings = PlaceSettings()
    ca: CaSettings = CaSettings()
    ra: RaSettings = RaSettings()
    chaos: ChaosSettings | None = None

    @property
    def lab_settings(self) -> LabSettings:
        """The settings of the chain that this storm runs against."""
        return LabSettings(self.lab.host, self.lab.start_seconds, self.ca, self.ra)

    @property
    def shape(self) -> Arrivals | None:
        """When phones start; None for a closed workload. ScenarioError when the shape lacks something."""
        return shape_of(self.arrivals, self.phones.count, self.seed or 0)

    @property
    def duration_seconds(self) -> float | None:
        """How long it takes until the last phone starts; None for a closed workload."""
        shape = self.shape
        return None if shape is None else last_offset_seconds(shape, self.phones.count)

    def check_arrivals(self) -> None:
        """ScenarioError when the arrivals' shape lacks something, such as its file of times."""
        shape_of(self.arrivals, self.phones.count, self.seed or 0)

    def seeded(self, source: random.Random) -> Self:
        """This scenario with its seed, drawn from `source` if it has none."""
        return self if self.seed is not None else msgspec.structs.replace(self, seed=source.getrandbits(32))

    def with_load(self, load: "Load") -> Self:
        """This scenario with what the command line says of phones, rate and duration.

        ScenarioError when its arrivals have a shape that is not made of one rate.
        """
        if not self.arrivals.has_rate and (load.rate_per_second or load.duration_seconds):
            raise ScenarioError(
                f"--rate and --duration are for the shapes constant and poisson; [arrivals] has the shape "
                f"{self.arrivals.shape}, which [arrivals.{self.arrivals.shape}] describes"
            )
        count, rate = load.resolve(self.phones.count, self.arrivals.rate_per_second)
        return msgspec.structs.replace(
            self,
            phones=msgspec.structs.replace(self.phones, count=count),
            arrivals=msgspec.structs.replace(self.arrivals, rate_per_second=rate),
        )

    def renewing(self, folder: Path, before: "Scenario", count: int) -> Self:
        """This scenario with `count` phones of the run in `folder`, whose scenario was `before`.

        A lab's RA takes certificates of that run's lab too, if its own settings name no other CA.
        """
        root, est = folder / "root.pem", self.ra.est
        if root.is_file() and not est.client_ca:
            est = msgspec.structs.replace(est, client_ca=str(root))
        phones = msgspec.structs.replace(
            self.phones, count=count, operation=Operation.RENEW, renew_from=str(folder),
            key=before.phones.key, key_pool_size=before.phones.key_pool_size,
        )  # fmt: skip
        ra = msgspec.structs.replace(self.ra, est=est)
        return msgspec.structs.replace(self, phones=phones, seed=before.seed, ra=ra)

    def to_toml(self) -> str:
        """The scenario as TOML that `read_scenario` reads back as the same scenario."""
        return tomli_w.dumps(without_nulls(msgspec.to_builtins(self)))


class Load(msgspec.Struct, frozen=True):
    """Phones, rate and duration as a user gave them; two of them decide the third."""

    phones: int | None = None
    rate_per_second: float | None = None
    duration_seconds: float | None = None

    def resolve(self, default_phones: int, default_rate_per_second: float) -> tuple[int, float]:
        """The number of phones and their rate; ScenarioError when all three are given and disagree."""
        phones, rate, duration = self.phones, self.rate_per_second, self.duration_seconds
        if duration is None:
            return phones or default_phones, rate or default_rate_per_second
        if phones is None:
            rate = rate or default_rate_per_second
            return max(1, round(rate * duration)), rate
        if rate is not None and round(rate * duration) != phones:
            raise ScenarioError(
                f"{phones} phones at {rate:g}/s do not take {duration:g} s; give two of --phones, --rate and "
                "--duration"
            )
        return phones, rate or phones / duration


def read_scenario(path: Path) -> Scenario:
    """The scenario in the TOML file at `path`; ScenarioError names the file, the key and what it may be."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ScenarioError(f"cannot read the scenario {path}: {reason(error)}") from error
    return parse_scenario(text, str(path))


def default_scenario() -> Scenario:
    """The scenario that runs when none is named."""
    file = importlib.resources.files("loadtests") / "scenarios" / "default.toml"
    return parse_scenario(file.read_text(encoding="utf-8"), "the default scenario")


def parse_scenario(text: str, source: str) -> Scenario:
    """The scenario in `text`; ScenarioError names `source`, the key and what it may be."""
    try:
        return scenario_of(tomllib.loads(text), source)
    except tomllib.TOMLDecodeError as error:
        raise ScenarioError(f"{source} is not TOML: {error}") from error


def scenario_of(table: object, source: str) -> Scenario:
    """The scenario in a table as TOML gives it; ScenarioError names `source`, the key and what it may be."""
    try:
        return msgspec.convert(table, Scenario)
    except msgspec.ValidationError as error:
        raise ScenarioError(f"{source}: {explain(error, table, Scenario)}") from error


def without_nulls(table: dict[str, object]) -> dict[str, object]:
    """The table without its None values: TOML has no null, an absent key means the same."""
    return {key: _without_null(value) for key, value in table.items() if value is not None}


def _without_null(value: object) -> object:
    if isinstance(value, dict):
        return without_nulls(value)
    return [_without_null(each) for each in value] if isinstance(value, list | tuple) else value
