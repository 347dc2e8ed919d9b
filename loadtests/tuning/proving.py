"""The default and the recommendation really run, side by side, and what the simulator had said of them."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

import msgspec

from exporters.ca import SERVICE
from loadtests.arrivals.settings import ArrivalSettings, Shape
from loadtests.errors import GeneratorFailed
from loadtests.simulation.settings import Overheads
from loadtests.storm.counters import Sample
from loadtests.tuning.conditions import Condition
from loadtests.tuning.document import Check
from loadtests.tuning.interval import Interval
from loadtests.tuning.laboratory import Laboratory
from loadtests.tuning.outcome import Outcome
from loadtests.tuning.tunables import Tunables
from testbed.ca.capacity_settings import CapacitySettings, ConstantTime
from testbed.errors import PartFailed

_POINTS = 0.02
_PREDICTIONS = 8
_PROBE_PHONES, _PROBE_RATE, _PROBE_SIGNING_SECONDS = 40, 8.0, 0.02
# Of the 14.5 ms of an enrollment on an idle lab 13 passed at a worker of the RA, in five calls (measured).
_PHONE_SHARE, _CALL_SHARE = 0.1, 0.18

DEFAULT, RECOMMENDED = "default", "recommended"


class Runs(Protocol):
    """Runs settings under conditions, and says what the simulator has to say of the same runs."""

    def run(self, name: str, tunables: Tunables, condition: Condition) -> tuple[Outcome, bool]:
        """What came of it, and whether the user interrupted."""
        ...

    def predicted(self, tunables: Tunables, condition: Condition, draws: int) -> list[Outcome]:
        """What was to come of it: with the service times that were drawn, and with others."""
        ...


@dataclass(slots=True)
class Proof:
    """What was measured and predicted of each setting, by condition, so far."""

    measured: dict[str, dict[str, Outcome]] = field(default_factory=dict)
    predicted: dict[str, dict[str, list[Outcome]]] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)
    interrupted: bool = False

    def checks(self) -> Iterator[Check]:
        """Each measured timeout rate beside the predicted one."""
        for setting, by_condition in self.measured.items():
            for condition, outcome in by_condition.items():
                yield check(condition, setting, self.predicted[setting][condition], outcome)


def check(condition: str, setting: str, predicted: list[Outcome], measured: Outcome) -> Check:
    """Whether what was measured lies within two points of the first prediction, or in the range of all."""
    rates = [each.timeout_rate for each in predicted]
    rate = measured.timeout_rate
    agrees = abs(rate - rates[0]) <= _POINTS or min(rates) <= rate <= max(rates)
    return Check(condition, setting, Interval(rates[0], min(rates), max(rates)), rate, agrees)


def prove(
    laboratory: Runs,
    settings: Mapping[str, Tunables],
    conditions: tuple[Condition, ...],
    time_left: Callable[[], float],
    tell: Callable[[str], None],
) -> Iterator[Proof]:
    """Run each setting under each condition; given again after each run, until time or conditions end.

    A condition is begun when there is time for both its runs, as long as the longest so far; one under which
    the lab does not start is told and left out.
    """
    proof, longest = Proof(), 0.0
    for condition in conditions:
        if time_left() < longest * len(settings):
            tell(f"no time is left to measure {condition.name}")
            return
        for name, tunables in settings.items():
            before = time_left()
            try:
                found, proof.interrupted = laboratory.run(f"{condition.name}-{name}", tunables, condition)
            except (PartFailed, GeneratorFailed) as failure:
                # An RA whose first login is cut cannot serve, as CES cannot.
                proof.failures.append(f"{condition.name} was not measured with the {name}: {failure}")
                tell(proof.failures[-1])
                yield proof
                break
            if proof.interrupted:
                yield proof
                return
            predicted = laboratory.predicted(tunables, condition, _PREDICTIONS)
            proof.measured.setdefault(name, {})[condition.name] = found
            proof.predicted.setdefault(name, {})[condition.name] = predicted
            longest = max(longest, before - time_left())
            tell(_line(condition.name, name, found, predicted))
            yield proof


def other_seeds(laboratory: Laboratory, conditions: Iterable[Condition]) -> Iterator[str]:
    """A line for each condition under which the CA draws its times by another seed than the scenario's."""
    first = laboratory.scenario.seed or 0
    for condition in conditions:
        seed = laboratory.ca_seed(condition)
        if seed != first:
            yield (
                f"on the lab the CA's times under {condition.name} are those of seed {seed}: by seed {first} "
                "the RA's first login outlasts its timer, and an RA cannot serve without the CA's chain"
            )


def with_overheads(laboratory: Laboratory, default: Tunables) -> tuple[Laboratory, bool]:
    """The laboratory knowing what this machine takes, measured with a CA that does nothing but sign.

    Also whether the user interrupted.
    """
    idle = Condition(
        "idle", "the CA only signs", CapacitySettings(signing=ConstantTime(_PROBE_SIGNING_SECONDS))
    )
    few = msgspec.structs.replace(
        laboratory.scenario,
        phones=msgspec.structs.replace(laboratory.scenario.phones, count=_PROBE_PHONES),
        arrivals=ArrivalSettings(Shape.POISSON, _PROBE_RATE),
    )
    found = replace(laboratory, scenario=few, scale=1.0).measured("idle", default, idle)
    signing = mean_seconds(found.samples, "signing") or _PROBE_SIGNING_SECONDS
    latency = found.summary.latency_seconds
    seconds = max(0.0, latency.p50 - signing) if latency else 0.0
    known = replace(
        laboratory,
        overheads=Overheads(ConstantTime(seconds * _PHONE_SHARE), ConstantTime(seconds * _CALL_SHARE)),
        signing_seconds=max(0.0, signing - _PROBE_SIGNING_SECONDS),
    )
    return known, found.course.interrupted


def mean_seconds(samples: Sequence[Sample], stage: str) -> float | None:
    """What a stage of the CA took on average by its metrics; None when there was nothing of it."""
    counts = samples[-1].counts if samples else {}
    number = counts.get(f"{SERVICE.name}_count {stage}", 0.0)
    return counts[f"{SERVICE.name}_sum {stage}"] / number if number else None


def _line(condition: str, setting: str, found: Outcome, predicted: list[Outcome]) -> str:
    tail = "never" if found.p99_seconds is None else f"{found.p99_seconds:.1f} s"
    return (
        f"measured {condition}, {setting}: {found.enrolled} of {found.phones} enrolled, p99 {tail}, "
        f"{found.false_timeouts} false timeouts, {found.orphans} orphans, timeout rate "
        f"{found.timeout_rate:.1%} (predicted {predicted[0].timeout_rate:.1%})"
    )
