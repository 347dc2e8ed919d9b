"""What can be tuned: timers, retries, connections and workers of the chain, as one flat table."""

from typing import Annotated, Literal, Self

import msgspec

from loadtests.scenario import Scenario
from testbed.bounds import Seconds, Settings
from testbed.ra.certsrv.settings import SecondsOrNone, StageName
from testbed.settings import changed

Value = bool | int | float | str | tuple[str, ...]
Stages = Literal["all", "repeatable"]
# A submission that is made again may leave two certificates; the others may be repeated at will.
_STAGES: dict[Stages, tuple[StageName, ...]] = {
    "all": ("login", "form", "submit", "download"),
    "repeatable": ("login", "form", "download"),
}

# Where a scenario has each of them.
KEYS = {
    "read": "phones.read_timeout_seconds",
    "attempts": "phones.retry.attempts",
    "spacing": "phones.retry.spacing_seconds",
    "connect": "ra.timers.connect_seconds",
    "login": "ra.timers.login_seconds",
    "form": "ra.timers.form_seconds",
    "submit": "ra.timers.submit_seconds",
    "download": "ra.timers.download_seconds",
    "total": "ra.timers.total_seconds",
    "resolver": "ra.resolver.seconds",
    "ra_retries": "ra.retries.count",
    "ra_spacing": "ra.retries.spacing_seconds",
    "ra_stages": "ra.retries.stages",
    "hand_out_late": "ra.hand_out_late_certificates",
    "handles": "ra.connections.handles",
    "reuse": "ra.connections.reuse_connections",
    "workers": "ra.workers.processes",
}


class Tunables(Settings, frozen=True):
    """One setting of everything that is tuned; times are seconds, the defaults are CES's and the phones'.

    `read` is CAPF's EST read timer; `attempts` and `spacing` are the phones' tries; `connect` to `total` and
    `resolver` the RA's timers (`total` 0: nothing bounds an enrollment); `ra_retries`, `ra_spacing` and
    `ra_stages` what the RA tries again; `workers` the RA's processes (0: one, with five workers
    where they block).
    """

    read: Seconds = 10.0
    attempts: Annotated[int, msgspec.Meta(ge=1, le=100)] = 3
    spacing: Seconds = 30.0
    connect: Seconds = 10.0
    login: Seconds = 10.0
    form: Seconds = 10.0
    submit: Seconds = 10.0
    download: Seconds = 10.0
    total: SecondsOrNone = 0.0
    resolver: Seconds = 5.0
    ra_retries: Annotated[int, msgspec.Meta(ge=0, le=100)] = 0
    ra_spacing: SecondsOrNone = 1.0
    ra_stages: Stages = "all"
    hand_out_late: bool = False
    handles: Literal["two", "one"] = "two"
    reuse: bool = False
    workers: Annotated[int, msgspec.Meta(ge=0, le=64)] = 0

    @classmethod
    def of(cls, scenario: Scenario) -> Self:
        """What the scenario has."""
        values: dict[str, object] = {name: found_at(scenario, key) for name, key in KEYS.items()}
        values["ra_stages"] = "all" if "submit" in scenario.ra.retries.stages else "repeatable"
        return msgspec.convert(values, cls)

    def in_scenario(self, scenario: Scenario) -> Scenario:
        """The scenario with these instead of its own."""
        return changed(scenario, self.settings())

    def settings(self) -> dict[str, object]:
        """Each value by its key in a scenario."""
        return {**self.values}

    @property
    def values(self) -> dict[str, Value]:
        """Each value by its key in a scenario."""
        values: dict[str, Value] = {key: getattr(self, name) for name, key in KEYS.items()}
        return values | {KEYS["ra_stages"]: _STAGES[self.ra_stages]}

    @property
    def timers(self) -> dict[str, float]:
        """The RA's timers of one call each, by name."""
        return {name: getattr(self, name) for name in ("connect", "login", "form", "submit", "download")}

    def keeping_rules(self, network_seconds: float) -> Self:
        """The same with an enrollment that the RA ends before the phone does, and no call outlasting it."""
        most = self.read - network_seconds
        total = min(self.total or most, most)
        cut = {name: min(seconds, total) for name, seconds in self.timers.items()}
        return msgspec.structs.replace(self, total=total, resolver=min(self.resolver, total), **cut)

    def stretched(self, factor: float) -> Self:
        """The same with every timer `factor` times as long; tries and their spacing stay."""
        names = ("read", "connect", "login", "form", "submit", "download", "total")
        return msgspec.structs.replace(self, **{name: getattr(self, name) * factor for name in names})


def found_at(scenario: Scenario, key: str) -> object:
    """The value that a scenario has under a dotted key."""
    value: object = scenario
    for name in key.split("."):
        value = getattr(value, name)
    return value


def differences(one: Tunables, other: Tunables) -> list[str]:
    """The names of what is not the same in both."""
    return [name for name in KEYS if getattr(one, name) != getattr(other, name)]
