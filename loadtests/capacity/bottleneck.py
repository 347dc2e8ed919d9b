"""Which limit a chain meets first, from how long each of its parts is held by one enrollment.

    ceiling = throughput / busy share     of a trial in which nobody waited for anybody: the utilization law

A part that waits for the part behind it is as busy as that one when it matters, so being busy says little.
The ceilings of an unloaded chain have no such waiting in them, and the lowest is the first to be met. Few
phones go through an unloaded chain: that lowest one, which waits for nobody, is taken from a loaded one then.
"""

import statistics
from collections import defaultdict
from collections.abc import Sequence
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from loadtests.capacity.trial import Trial, of_step, valid
from loadtests.results.usage import Usage

Part = Literal[
    "ra_workers", "ra_pool", "ca_threads", "ca_signing", "ra_cpu", "ra_front_cpu", "ca_cpu",
    "generator_cpu", "machine_cpu",
]  # fmt: skip
Bottleneck = Part | Literal["generator"]
_HELD: tuple[Part, ...] = ("ra_workers", "ra_pool", "ca_threads", "ca_signing")
_CPU: tuple[Part, ...] = ("ra_cpu", "ra_front_cpu", "ca_cpu", "generator_cpu")
_NAMES: dict[Part, str] = {
    "ra_workers": "the RA's workers", "ra_pool": "the RA's pool of connections",
    "ca_threads": "the CA's page threads",
    "ca_signing": "the CA's signing device", "ra_cpu": "the CPU of the RA", "ca_cpu": "the CPU of the CA",
    "ra_front_cpu": "the CPU of NGINX before the RA", "generator_cpu": "the CPU of the load generator",
    "machine_cpu": "this machine's CPUs",
}  # fmt: skip
# For each phone: fewer failed calls are none that breaks a rule.
_FEW = 0.01
_WAITS = {"ra_workers": "ra_wait_seconds", "ra_pool": "pool_wait_seconds",
          "ca_threads": "ca_wait_seconds", "ca_signing": "signing_wait_seconds"}  # fmt: skip


class Evidence(msgspec.Struct, frozen=True):
    """What one part could do at most, and how busy it was at the limit."""

    part: Part
    ceiling_per_second: Annotated[float, Meta(gt=0, description="Enrollments a second, were it never idle")]
    busy_share: Annotated[float | None, Meta(description="Median of the trials held nearest the limit")]
    wait_seconds: Annotated[float | None, Meta(description="Mean wait for it in those trials")]
    says: Annotated[str, Meta(description="The same in a sentence")]


class Machine(msgspec.Struct, frozen=True):
    """How many cores each part can use."""

    cpus: int
    ra_processes: int = 1
    generator_processes: int = 1
    front_processes: int = 1

    def cores(self, part: Part) -> int:
        """That the part has, at most."""
        own = {
            "ra_cpu": self.ra_processes, "ra_front_cpu": self.front_processes,
            "generator_cpu": self.generator_processes,
        }  # fmt: skip
        return self.cpus if part == "machine_cpu" else min(self.cpus, own.get(part, 1))


def evidence_of(trials: Sequence[Trial], machine: Machine) -> list[Evidence]:
    """Every part whose ceiling is known, the lowest first."""
    known = valid(trials)
    loaded = [trial for trial in known if trial.plan.step != "baseline"]
    near = of_step(known, "hold") or loaded[-3:] or known[-1:]
    ceilings = {**_held_ceilings(known), **_cpu_ceilings(loaded or known, machine)}
    first = min(ceilings, key=lambda part: ceilings[part], default=None)
    if first in _HELD:
        ceilings[first] = _pooled(loaded, first) or ceilings[first]
    found = [_evidence(part, ceiling, near, machine) for part, ceiling in ceilings.items()]
    return sorted(found, key=lambda each: each.ceiling_per_second)


class Failing(msgspec.Struct, frozen=True):
    """What most of the RA's failed calls to the CA failed by, where a rule broke."""

    stage: str
    cause: Annotated[str, Meta(description="As in estorm_ra_failures_total: curl_28, http_503, denied, ...")]
    share: Annotated[float, Meta(gt=0, le=1, description="Of the calls that failed")]


def fails_by(trials: Sequence[Trial]) -> Failing | None:
    """What the RA's calls fail by in trials that broke a rule; None where hardly any did."""
    broken = [trial for trial in valid(trials) if not trial.met]
    calls: dict[str, float] = defaultdict(float)
    for trial in broken:
        for name, per_second in trial.usage.failed_calls.items():
            calls[name] += per_second * trial.plan.measured_seconds
    failed = sum(calls.values())
    if not failed or failed < _FEW * sum(trial.phones for trial in broken):
        return None
    most = max(calls, key=lambda name: calls[name])
    stage, _, cause = most.partition(" ")
    return Failing(stage, cause, calls[most] / failed)


def held_longest_by(trials: Sequence[Trial]) -> tuple[str, float] | None:
    """The stage that took most of the RA's time in calls to the CA when unloaded, and its share."""
    for trial in valid(trials):
        if shares := trial.usage.stage_shares:
            stage = max(shares, key=lambda name: shares[name])
            return stage, shares[stage]
    return None


def _held_ceilings(trials: Sequence[Trial]) -> dict[Part, float]:
    """From the trial with the least load of those that saw the part at work."""
    found: dict[Part, float] = {}
    for trial in sorted(trials, key=lambda trial: (trial.plan.step != "baseline", trial.rate_per_second)):
        for part in _HELD:
            ceiling = _ceiling(trial, part)
            if part not in found and ceiling:
                found[part] = ceiling
    return found


def _pooled(trials: Sequence[Trial], part: Part) -> float | None:
    """Of all these trials together; a short one sees little."""
    seen = [
        (busy * trial.plan.measured_seconds, trial.throughput_per_second * trial.plan.measured_seconds)
        for trial in trials
        if (busy := getattr(trial.usage, part)) is not None
    ]
    busy_seconds, enrolled = (sum(column) for column in zip(*seen, strict=True)) if seen else (0.0, 0.0)
    return enrolled / busy_seconds if busy_seconds and enrolled else None


def _ceiling(trial: Trial, part: Part) -> float | None:
    busy = getattr(trial.usage, part)
    return trial.throughput_per_second / busy if busy and trial.throughput_per_second else None


def _cpu_ceilings(trials: Sequence[Trial], machine: Machine) -> dict[Part, float]:
    """From the trial with the highest throughput: what is idle costs too, and counts least there."""
    best = max(trials, key=lambda trial: trial.throughput_per_second, default=None)
    if best is None or not best.throughput_per_second:
        return {}
    cores: dict[Part, float] = {part: getattr(best.usage, part) for part in _CPU if getattr(best.usage, part)}
    if {"ra_cpu", "ca_cpu"} <= cores.keys():
        cores["machine_cpu"] = sum(cores.values())
    return {part: machine.cores(part) * best.throughput_per_second / used for part, used in cores.items()}


def _evidence(part: Part, ceiling: float, near: Sequence[Trial], machine: Machine) -> Evidence:
    busy = _median([_busy(trial.usage, part, machine) for trial in near])
    wait = _median([getattr(trial.usage, _WAITS[part]) for trial in near]) if part in _WAITS else None
    says = f"{_NAMES[part]} could do {ceiling:.3g} enrollments a second at most"
    if busy is not None:
        says += f"; {busy:.0%} busy in the trials nearest the limit"
    if wait is not None:
        says += f", each waited for {wait:.3g} s"
    return Evidence(part, ceiling, busy, wait, says)


def _busy(usage: Usage, part: Part, machine: Machine) -> float | None:
    value: float | None = getattr(usage, part)
    return value / machine.cores(part) if value is not None and part in _CPU else value


def _median(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return statistics.median(known) if known else None
