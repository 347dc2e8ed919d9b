"""`tune.json`: what was found, simulated and measured, typed and versioned. `docs/tuning.md` explains it.

`python -m loadtests.tuning.document` prints its JSON Schema.
"""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from loadtests import documents
from loadtests.errors import ScenarioError
from loadtests.tuning.interval import Interval, interval
from loadtests.tuning.objective import Terms, Weights
from loadtests.tuning.outcome import Outcome
from loadtests.tuning.tunables import Tunables, Value
from loadtests.tuning.validity import Validity

VERSION = "estorm.tune/1"
NAME = "tune.json"


class Figures(msgspec.Struct, frozen=True):
    """Means of one condition's runs. `p99_seconds` null: one phone in a hundred or more never enrolled."""

    phones: float
    enrolled: Annotated[float, Meta(description="Phones with their LSC within the window")]
    false_timeouts: Annotated[float, Meta(description="Timers that went off before an answer that came")]
    orphans: Annotated[float, Meta(description="Certificates that no phone holds")]
    p50_seconds: float | None
    p99_seconds: Annotated[float | None, Meta(description="From the first intended start")]
    timeout_rate: Annotated[Interval, Meta(description="Share of tries that a timer ended")]
    wasted_share: float | None
    workers_held: float | None
    recovered: Annotated[float | None, Meta(description="Share of runs that recovered; null: no fault")]
    recovery_seconds: float | None
    runs: int


class Totals(msgspec.Struct, frozen=True):
    """All conditions together: sums, and the worst p99. `conditions` has each by name."""

    enrolled: float
    false_timeouts: float
    orphans: float
    p99_seconds: float | None
    conditions: dict[str, Figures]


class Setting(msgspec.Struct, frozen=True):
    """A setting and what came of it.

    `predicted` is simulated at full scale with seeds by which nothing was chosen; `predicted_for_lab` is the
    simulation of the very storms that `measured` measured, with their arrivals; null: not measured.
    """

    settings: Annotated[dict[str, Value], Meta(description="By the keys of a scenario")]
    tunables: Tunables
    predicted: Totals
    predicted_for_lab: Totals | None = None
    measured: Totals | None = None
    loss: Annotated[
        float | None, Meta(description="Weighed, by the simulation behind `predicted`; null: not kept")
    ] = None


class Gain(msgspec.Struct, frozen=True):
    """What the recommendation gains under one condition, replication by replication, with 95 % intervals."""

    condition: str
    enrolled_share: Interval
    false_timeouts: Annotated[Interval, Meta(description="Fewer than with the default")]
    orphans: Annotated[Interval, Meta(description="Fewer than with the default")]
    is_worse: Annotated[bool, Meta(description="Beyond chance, in anything that must not be")]


class Advice(msgspec.Struct, frozen=True):
    """One value to change, and why.

    `lost_without` is how much more is lost, seed by seed, when this one stays as it was; null: not compared,
    or it follows from others by the rules. `matters`: beyond chance that is more than nothing, or more
    phones, answers or certificates are lost under some condition.
    """

    key: str
    default: Value
    recommended: Value
    reason: str
    loss_without: Annotated[float, Meta(description="The mean of `lost_without`")]
    lost_without: Interval | None = None
    matters: bool = True


class Unchanged(msgspec.Struct, frozen=True):
    """One value that the search changed and that went back, since that costs no more than chance."""

    key: str
    value: Value
    tried: Value
    lost_without: Annotated[Interval, Meta(description="How much more is lost without what was tried")]


class FrontPoint(msgspec.Struct, frozen=True):
    """One setting of the Pareto front."""

    tunables: Tunables
    terms: Terms
    loss: float


class Check(msgspec.Struct, frozen=True):
    """Predicted beside measured, of one setting under one condition on the lab."""

    condition: str
    setting: str
    predicted_timeout_rate: Annotated[
        Interval,
        Meta(description="With the service times that the CA drew; low, high: of all draws simulated"),
    ]
    measured_timeout_rate: float
    agrees: Annotated[bool, Meta(description="Within two points, or within the range")]


class Searched(msgspec.Struct, frozen=True):
    """How much was simulated."""

    settings: int
    stopped_early: int
    seconds: float
    network_seconds: float


class Tune(msgspec.Struct, frozen=True, kw_only=True, tag_field="schema", tag=VERSION):
    """What `estorm tune` found."""

    scenario: str
    seed: int
    scale: Annotated[float, Meta(description="Times of the lab's runs were divided by this")]
    window_seconds: float
    conditions: dict[str, str]
    weights: Weights
    searched: Searched
    default: Setting
    recommended: Setting
    gains: tuple[Gain, ...]
    advice: tuple[Advice, ...]
    unchanged: tuple[Unchanged, ...] = ()
    costs: tuple[str, ...]
    certainty: str
    holds: tuple[str, ...]
    validity: Validity | None
    front: tuple[FrontPoint, ...]
    checks: tuple[Check, ...] = ()
    notes: tuple[str, ...] = ()
    interrupted: bool = False


def figures(found: Sequence[Outcome]) -> Figures:
    """The runs of one condition."""
    recovered = [each.recovered for each in found if each.recovered is not None]
    return Figures(
        phones=_mean([each.phones for each in found]) or 0.0,
        enrolled=_mean([each.enrolled for each in found]) or 0.0,
        false_timeouts=_mean([each.false_timeouts for each in found]) or 0.0,
        orphans=_mean([each.orphans for each in found]) or 0.0,
        p50_seconds=_of_all([each.p50_seconds for each in found]),
        p99_seconds=_of_all([each.p99_seconds for each in found]),
        timeout_rate=interval([each.timeout_rate for each in found]),
        wasted_share=_of_all([each.wasted_share for each in found]),
        workers_held=_of_all([each.workers_held for each in found]),
        recovered=_mean(recovered),
        recovery_seconds=_of_all([each.recovery_seconds for each in found]),
        runs=len(found),
    )


def totals(found: Mapping[str, Sequence[Outcome]]) -> Totals:
    """All conditions, each with its runs."""
    by_name = {name: figures(runs) for name, runs in found.items()}
    return Totals(
        enrolled=sum(each.enrolled for each in by_name.values()),
        false_timeouts=sum(each.false_timeouts for each in by_name.values()),
        orphans=sum(each.orphans for each in by_name.values()),
        p99_seconds=_worst([each.p99_seconds for each in by_name.values()]),
        conditions=by_name,
    )


def write(tune: Tune, folder: Path) -> None:
    """`tune.json` in the folder, replaced if there is one."""
    documents.write(tune, folder / NAME)


def read(path: Path) -> Tune:
    """The document at `path`; ScenarioError when there is none, or of another version."""
    what = f"a tuning of version {VERSION} (name the {NAME} in the run folder of estorm tune)"
    return documents.read(path, Tune, what, ScenarioError)


def schema() -> bytes:
    """Its JSON Schema."""
    return documents.schema(Tune, "estorm tune")


def _worst(tails: Sequence[float | None]) -> float | None:
    known = [each for each in tails if each is not None]
    return max(known) if known and len(known) == len(tails) else None


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None


def _of_all(values: Sequence[float | None]) -> float | None:
    """The mean; None where one of them is not known."""
    return None if None in values else _mean([each for each in values if each is not None])


if __name__ == "__main__":
    sys.stdout.buffer.write(schema())
