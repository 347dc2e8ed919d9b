"""The `[arrivals]` table of a scenario. `docs/scenario.md` explains each key."""

import enum
from pathlib import Path
from typing import Annotated

import msgspec

from testbed.bounds import Seconds, Settings

MAX_RATE_PER_SECOND = 100_000
Rate = Annotated[float, msgspec.Meta(gt=0, le=MAX_RATE_PER_SECOND)]
RateOrNone = Annotated[float, msgspec.Meta(ge=0, le=MAX_RATE_PER_SECOND)]
Moment = Annotated[float, msgspec.Meta(ge=0, le=1e7)]


class Shape(enum.StrEnum):
    """How phones arrive in an open workload."""

    CONSTANT = "constant"
    POISSON = "poisson"
    RAMP = "ramp"
    STEPS = "steps"
    RECORDED = "recorded"
    MASS_RENEWAL = "mass_renewal"
    MORNING_RESET = "morning_reset"
    EXPIRY_TAIL = "expiry_tail"


class RampSettings(Settings, frozen=True):
    """A rate that grows or falls evenly, then stays."""

    from_per_second: RateOrNone = 1.0
    to_per_second: Rate = 50.0
    seconds: Seconds = 60.0


class StepSettings(Settings, frozen=True):
    """One step: a rate, 0 for a pause, and how long it lasts."""

    rate_per_second: RateOrNone
    seconds: Seconds


class RecordedSettings(Settings, frozen=True):
    """A file of times in seconds from the run's start, one a line, in order."""

    file: str = ""


class MassRenewalSettings(Settings, frozen=True):
    """An administrator's bulk job."""

    batch: Annotated[int, msgspec.Meta(ge=1)] = 100
    every_seconds: Seconds = 60.0
    within_seconds: Moment = 1.0


class MorningResetSettings(Settings, frozen=True):
    """A site's phones that come up within minutes."""

    within_seconds: Seconds = 300.0


class ExpiryTailSettings(Settings, frozen=True):
    """Renewals that thin out as certificates expire."""

    half_life_seconds: Seconds = 60.0
    within_seconds: Seconds = 600.0


class ArrivalSettings(Settings, frozen=True):
    """When phones start: in a shape that is decided before the run, whatever became of the phones before.

    `rate_per_second` is that of the shapes constant and poisson, each other shape has a table of its own.
    `closed_phones` N instead keeps N phones enrolling at any time, each starting when another ends (closed
    workload): it finds a server's pace, but hides its stalls. 0 is off.
    """

    shape: Shape = Shape.CONSTANT
    rate_per_second: Rate = 25.0
    closed_phones: Annotated[int, msgspec.Meta(ge=0, le=100_000)] = 0
    ramp: RampSettings = RampSettings()
    steps: tuple[StepSettings, ...] = ()
    recorded: RecordedSettings = RecordedSettings()
    mass_renewal: MassRenewalSettings = MassRenewalSettings()
    morning_reset: MorningResetSettings = MorningResetSettings()
    expiry_tail: ExpiryTailSettings = ExpiryTailSettings()

    @property
    def has_rate(self) -> bool:
        """Whether `rate_per_second` counts."""
        return self.shape in {Shape.CONSTANT, Shape.POISSON}

    @property
    def recorded_path(self) -> Path:
        """The file of the shape recorded."""
        return Path(self.recorded.file)
