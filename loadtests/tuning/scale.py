"""A chain whose every time is divided: a run of ten minutes takes one, and nothing else of it changes.

What takes time because a CPU works on it (TLS, parsing, signing keys) does not shrink with it, so it weighs
more. `docs/tuning.md` has how much.
"""

from pathlib import Path

import msgspec

from loadtests.errors import ScenarioError
from loadtests.scenario import Scenario
from loadtests.tuning.tunables import found_at
from testbed.ca.capacity_settings import (
    CapacitySettings,
    ConstantTime,
    EmpiricalTime,
    ExponentialTime,
    LognormalTime,
    NormalTime,
    ParetoTime,
    SamplesTime,
    ServiceTime,
)
from testbed.ca.distributions import read_samples
from testbed.settings import changed

_TIMES = (
    "phones.read_timeout_seconds", "phones.handshake_timeout_seconds", "phones.retry.spacing_seconds",
    "ra.timers.connect_seconds",
    "ra.timers.login_seconds", "ra.timers.form_seconds", "ra.timers.submit_seconds",
    "ra.timers.download_seconds", "ra.timers.total_seconds", "ra.retries.spacing_seconds",
    "ra.resolver.seconds", "ra.connections.idle_seconds",
)  # fmt: skip
_STAGES = ("login", "form", "submit", "download", "signing")


def divided(scenario: Scenario, by: float, folder: Path | None = None) -> Scenario:
    """The scenario with its times divided `by`, and phones that come that much faster.

    Files of measured service times are written anew into `folder`. ScenarioError for arrivals that are not
    made of one rate.
    """
    if by == 1:
        return scenario
    if not scenario.arrivals.has_rate:
        raise ScenarioError(
            f"a scaled run needs arrivals of one rate, constant or poisson, not {scenario.arrivals.shape}; "
            "give --scale 1"
        )
    changes: dict[str, object] = {key: _seconds(scenario, key) / by for key in _TIMES}
    changes["arrivals.rate_per_second"] = scenario.arrivals.rate_per_second * by
    scaled = changed(scenario, changes)
    capacity = divided_capacity(scenario.ca.capacity, by, folder)
    scaled = msgspec.structs.replace(scaled, ca=msgspec.structs.replace(scaled.ca, capacity=capacity))
    return msgspec.structs.replace(scaled, chaos=_divided_chaos(scenario, by))


def divided_capacity(capacity: CapacitySettings, by: float, folder: Path | None = None) -> CapacitySettings:
    """A CA that is `by` times as fast, with as many threads."""
    changes: dict[str, object] = {
        stage: _divided_time(getattr(capacity, stage), by, folder, stage) for stage in _STAGES
    }
    changes["abandoned_after_seconds"] = capacity.abandoned_after_seconds / by
    changes["script_timeout_seconds"] = capacity.script_timeout_seconds / by
    return msgspec.structs.replace(capacity, **changes)


def times(time: ServiceTime, factor: float) -> ServiceTime:
    """A service time that is `factor` times as long; one of a file becomes ScenarioError."""
    match time:
        case ConstantTime(seconds):
            return ConstantTime(seconds * factor)
        case ExponentialTime(mean):
            return ExponentialTime(mean * factor)
        case NormalTime(mean, deviation):
            return NormalTime(mean * factor, deviation * factor)
        case LognormalTime(median, sigma):
            return LognormalTime(median * factor, sigma)
        case ParetoTime(minimum, alpha):
            return ParetoTime(minimum * factor, alpha)
        case EmpiricalTime(file):
            raise ScenarioError(f"the service times of {file} cannot be scaled in place")
        case SamplesTime(samples):
            return SamplesTime(tuple(each * factor for each in samples))


def _divided_time(time: ServiceTime | None, by: float, folder: Path | None, stage: str) -> ServiceTime | None:
    if not isinstance(time, EmpiricalTime):
        return None if time is None else times(time, 1 / by)
    if folder is None:
        raise ScenarioError(f"there is no folder to write the scaled service times of {time.file} to")
    path = folder / f"{stage}-{by:g}.txt"
    path.write_text("".join(f"{seconds / by:.6f}\n" for seconds in read_samples(Path(time.file))))
    return EmpiricalTime(str(path))


def _divided_chaos(scenario: Scenario, by: float) -> object:
    chaos = scenario.chaos
    if chaos is None:
        return None
    if any(entry.during or entry.every or entry.jitter or entry.ramp for entry in chaos.schedule):
        raise ScenarioError("a scaled run takes faults with `at` and `seconds` alone; give --scale 1")
    entries = tuple(
        msgspec.structs.replace(
            entry,
            at=None if entry.at is None else entry.at / by,
            seconds=None if entry.seconds is None else entry.seconds / by,
        )
        for entry in chaos.schedule
    )
    return msgspec.structs.replace(chaos, schedule=entries)


def _seconds(scenario: Scenario, key: str) -> float:
    value = found_at(scenario, key)
    assert isinstance(value, int | float)
    return float(value)
