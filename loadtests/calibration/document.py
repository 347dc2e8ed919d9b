"""The calibration file: what was measured of a chain, and the settings that are made from it.

TOML, or JSON when its name ends so. `[capacity]` is a scenario's `[ca.capacity]`.
"""

import json
import tomllib
from pathlib import Path
from typing import Annotated, Literal, Self

import msgspec
import tomli_w
from msgspec import Meta

from exporters.whole_file import replace_whole
from loadtests.errors import ScenarioError
from loadtests.scenario import Scenario, without_nulls
from loadtests.simulation.settings import ChainModel, Overheads
from testbed.bounds import Settings
from testbed.ca.capacity_settings import CapacitySettings
from testbed.errors import reason

Number = Annotated[int, Meta(ge=0)]
Seconds = Annotated[float, Meta(ge=0)]


class Level(Settings, frozen=True, kw_only=True):
    """Requests that ended while so many others were under way on average; `up_to` None: however many."""

    up_to: float | None = None
    requests: Number
    mean_seconds: Seconds
    p99_seconds: Seconds


class StageTimes(Settings, frozen=True, kw_only=True):
    """One stage. Its samples are of the `quiet_requests`, those with fewest others under way.

    `mean_seconds` and `p99_seconds` are of all requests, queueing included. `failed` were answered with an
    error, `clients_gone` were answered in vain.
    """

    requests: Number
    failed: Number
    clients_gone: Number
    mean_seconds: Seconds
    p99_seconds: Seconds
    quiet_requests: Number
    quiet_up_to: float | None = None
    quiet_mean_seconds: Seconds
    quiet_p99_seconds: Seconds
    levels: tuple[Level, ...]


class Load(Settings, frozen=True):
    """When phones came. `per_hour_of_day` are enrollments in each hour (UTC) of a mean day."""

    first: str
    last: str
    enrollments: Number
    busiest_minute_per_second: Seconds
    busiest_hour_per_second: Seconds
    per_hour_of_day: tuple[float, ...]
    highest_concurrency: Seconds


class Chain(Settings, frozen=True):
    """What CAPF's and CES's logs say: how enrollments ended, and which calls were cut by CES's timers."""

    started: Number = 0
    enrolled: Number = 0
    failed: Number = 0
    mean_enrolled_seconds: Seconds = 0.0
    timed_out_at_capf: Number = 0
    orphans_told: Number = 0
    cut_calls: dict[str, int] = msgspec.field(default_factory=dict)


class Calibration(Settings, frozen=True, kw_only=True):
    """All of a calibration. `known` and `unknown` say in words how far it can be believed."""

    source: Literal["logs", "run"]
    made_from: tuple[str, ...]
    known: tuple[str, ...]
    unknown: tuple[str, ...]
    load: Load | None = None
    chain: Chain
    stages: dict[str, StageTimes]
    overheads: Overheads
    capacity: CapacitySettings
    schema: Literal["estorm.calibration/1"] = "estorm.calibration/1"

    def model(self, scenario: Scenario) -> ChainModel:
        """The chain of `scenario`, with the CA and the overheads of this calibration."""
        return ChainModel.of(self.applied(scenario), self.overheads)

    def applied(self, scenario: Scenario) -> Scenario:
        """`scenario` with this calibration's CA."""
        return msgspec.structs.replace(
            scenario, ca=msgspec.structs.replace(scenario.ca, capacity=self.capacity)
        )

    def text(self, path: Path) -> str:
        """What a file of this name has: JSON where it ends so, else TOML."""
        table = without_nulls(msgspec.to_builtins(self))
        return json.dumps(table, indent=1) if path.suffix == ".json" else tomli_w.dumps(table)

    def write(self, path: Path) -> None:
        """Write the file, whole at any moment. ScenarioError when that cannot be done."""
        try:
            replace_whole(path, self.text(path).encode())
        except OSError as error:
            raise ScenarioError(f"cannot write the calibration {path}: {error.strerror}") from error

    @classmethod
    def read(cls, path: Path) -> Self:
        """The calibration in the file. ScenarioError says what is wrong with it."""
        try:
            text = path.read_text(encoding="utf-8")
            table = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
            return msgspec.convert(table, cls)
        except (OSError, UnicodeDecodeError) as error:
            raise ScenarioError(f"cannot read the calibration {path}: {reason(error)}") from error
        except (ValueError, msgspec.ValidationError) as error:
            raise ScenarioError(
                f"{path} is no calibration of estorm's (make one with estorm calibrate): {error}"
            ) from error
