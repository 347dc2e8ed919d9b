"""The CA's conditions that settings are held against: healthy, slow, heavy-tailed, overloaded, down.

All but `healthy` change one thing of the healthy CA, which is the scenario's own where its `[ca.capacity]`
gives times, so that what a setting gains under a condition has one cause.
"""

import importlib.resources
from collections.abc import Iterable
from dataclasses import dataclass, replace

import msgspec

from chaos.schedule import Entry
from chaos.settings import ChaosSettings
from loadtests.errors import ScenarioError
from loadtests.scenario import Scenario, parse_scenario
from loadtests.simulation.settings import ChainModel, Outage, Overheads
from loadtests.tuning.scale import times
from testbed.ca.capacity_settings import CapacitySettings, ConstantTime, LognormalTime, ParetoTime

HEALTHY = CapacitySettings(
    workers=25,
    login=LognormalTime(0.1, 0.5),
    form=LognormalTime(0.05, 0.5),
    submit=LognormalTime(0.4, 0.5),
    download=LognormalTime(0.05, 0.5),
)
OUTAGE_FROM_SECONDS, OUTAGE_SECONDS = 60.0, 60.0
_OVERLOAD, _HIGH_LOAD = 1.2, 0.8


@dataclass(frozen=True, slots=True)
class Condition:
    """A state of the CA. `says` is for people; the CA hangs during each of `outages`."""

    name: str
    says: str
    capacity: CapacitySettings
    outages: tuple[Outage, ...] = ()

    @property
    def recovers_from(self) -> float | None:
        """When the fault is over, after which phones are to get through; None where there is none."""
        return max((outage.until_seconds for outage in self.outages), default=None)

    def scenario(self, scenario: Scenario) -> Scenario:
        """The storm that shows it on the lab, an outage as a fault of the CA's."""
        ca = msgspec.structs.replace(scenario.ca, capacity=self.capacity)
        chaos = scenario.chaos
        if self.outages:
            schedule = tuple(_entry(outage) for outage in self.outages)
            chaos = ChaosSettings(tcp=False, dns=False, schedule=schedule)
        return msgspec.structs.replace(scenario, ca=ca, chaos=chaos)

    def model(self, scenario: Scenario, overheads: Overheads, seed: int) -> ChainModel:
        """The chain to simulate."""
        model = ChainModel.of(scenario, overheads)
        return msgspec.structs.replace(
            model, capacity=self.capacity, outages=self.outages, seed=seed,
            handshake_timeout_seconds=scenario.phones.handshake_timeout_seconds,
        )  # fmt: skip

    def slower(self, factor: float) -> "Condition":
        """The same with submissions that take `factor` times as long."""
        time = times(self.capacity.submit or ConstantTime(0.0), factor)
        return replace(self, capacity=msgspec.structs.replace(self.capacity, submit=time))


def conditions(scenario: Scenario, measured: CapacitySettings | None = None) -> tuple[Condition, ...]:
    """Those that a search holds settings against; `measured` is a CA from production's logs.

    Overload and outage are made from the scenario's rate: a signing device that needs 1.2 times as long as
    phones take to arrive, or 0.8 times as long.
    """
    base = _base(scenario)
    between = _seconds_between_phones(scenario)
    down = Outage(OUTAGE_FROM_SECONDS, OUTAGE_FROM_SECONDS + OUTAGE_SECONDS)
    found = (
        Condition("healthy", "the CA answers at once", base),
        _changed("slow_login", "every login takes about 4 s", base, login=LognormalTime(4.0, 0.5)),
        _changed("slow_submit", "every submission takes about 7 s", base, submit=LognormalTime(7.0, 0.4)),
        _changed("heavy_tailed", "one submission in 30 takes over 10 s", base, submit=ParetoTime(0.8, 1.3)),
        _changed(
            "overloaded", "phones come 1.2 times as fast as the CA signs", base,
            signing=ConstantTime(_OVERLOAD * between),
        ),
        replace(
            _changed(
                "outage", "the CA hangs for 60 s at 80 % load", base,
                signing=ConstantTime(_HIGH_LOAD * between),
            ),
            outages=(down,),
        ),
    )  # fmt: skip
    if measured is None:
        return found
    return (*found, Condition("production", "the CA of the calibration file", measured))


def chosen(found: Iterable[Condition], names: Iterable[str]) -> tuple[Condition, ...]:
    """Those with these names, all without any; ScenarioError for one that there is not."""
    by_name, names = {each.name: each for each in found}, tuple(names)
    for name in names:
        if name not in by_name:
            raise ScenarioError(f"there is no CA condition {name!r}; known are {', '.join(by_name)}")
    return tuple(by_name[name] for name in names) or tuple(by_name.values())


def default_scenario() -> Scenario:
    """The scenario that is tuned when none is named."""
    file = importlib.resources.files("loadtests") / "scenarios" / "tune.toml"
    return parse_scenario(file.read_text(encoding="utf-8"), "the default scenario of estorm tune")


def _base(scenario: Scenario) -> CapacitySettings:
    own = scenario.ca.capacity
    timed = own.login or own.form or own.submit or own.download
    return own if timed else HEALTHY


def _changed(name: str, says: str, base: CapacitySettings, **changes: object) -> Condition:
    return Condition(name, says, msgspec.structs.replace(base, **changes))


def _seconds_between_phones(scenario: Scenario) -> float:
    seconds = scenario.duration_seconds
    if seconds is None:
        raise ScenarioError(
            "tuning needs phones that arrive at their own pace; set arrivals.closed_phones to 0"
        )
    return seconds / scenario.phones.count


def _entry(outage: Outage) -> Entry:
    fault: dict[str, object] = {"fault": "ca.hang"}
    return Entry(fault, at=outage.from_seconds, seconds=outage.until_seconds - outage.from_seconds)
