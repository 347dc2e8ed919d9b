"""`tune.json` of a tuning from logs: the shape of a tuning's own, as far as logs can tell."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from loadtests import documents
from loadtests.errors import ScenarioError
from loadtests.survival.advice import Judged, read_reason
from loadtests.survival.survival import Share
from loadtests.tuning.document import NAME
from loadtests.tuning.tunables import KEYS, Tunables

VERSION = "estorm.tune-logs/1"


class Cut(msgspec.Struct, frozen=True):
    """The share of answers that a timer would cut although they were on their way; 95 % interval."""

    seconds: float
    estimate: Annotated[float | None, Meta(description="Null: the data cannot tell")]
    low: float
    high: float
    basis: Annotated[str, Meta(description="seen, tail (continued beyond the cut), or bounds")]


class FittedTail(msgspec.Struct, frozen=True):
    """What the tail is continued by: the likeliest family, fitted to what lasted over the threshold."""

    family: str
    threshold_seconds: float
    plausibility: Annotated[float, Meta(description="p-value of the fit")]
    sparse: Annotated[bool, Meta(description="Too few were seen near the cut for a lower end but 0")]


class TimerEvidence(msgspec.Struct, frozen=True):
    """One timer: what was seen of it, and what candidates would cut."""

    key: Annotated[str, Meta(description="Its key in a scenario")]
    source: str
    seen: int
    cut: int
    alike: Annotated[float, Meta(description="How many neighbouring ones count as one")]
    timer_seconds: Annotated[float, Meta(description="Production's")]
    horizon_seconds: Annotated[float | None, Meta(description="Seen up to here; null: nothing was cut")]
    told_up_to_seconds: Annotated[float, Meta(description="Beyond it intervals are too wide to be of use")]
    tail: FittedTail | None
    candidates: tuple[Cut, ...]
    notes: tuple[str, ...]


class LoggedSetting(msgspec.Struct, frozen=True):
    """A setting and what it would cut. `predicted` is by timer, for those that the logs tell of."""

    settings: Annotated[dict[str, object], Meta(description="By the keys of a scenario")]
    tunables: Tunables
    predicted: dict[str, Cut]


class LoggedAdvice(msgspec.Struct, frozen=True):
    """One value to take, why, and whether the logs show that it is enough."""

    key: str
    default: float
    recommended: float
    reason: str
    sure: bool


class LoggedTune(msgspec.Struct, frozen=True, kw_only=True, tag_field="schema", tag=VERSION):
    """What `estorm tune --logs` found."""

    made_from: tuple[str, ...]
    target: Annotated[float, Meta(description="Share of the answers that a timer may cut")]
    default: LoggedSetting
    recommended: LoggedSetting
    advice: tuple[LoggedAdvice, ...]
    timers: dict[str, TimerEvidence]
    notes: tuple[str, ...] = ()


def document(
    made_from: Sequence[str],
    target: float,
    judged: Sequence[Judged],
    settings: tuple[Tunables, Tunables],
    notes: Sequence[str],
) -> LoggedTune:
    """The document; `settings` are production's and the recommended ones."""
    default, best = settings
    return LoggedTune(
        made_from=tuple(made_from),
        target=target,
        default=_setting(default, judged),
        recommended=_setting(best, judged),
        advice=tuple(_advice(each, judged, default, best) for each in judged),
        timers={each.evidence.name: _evidence(each) for each in judged},
        notes=tuple(notes),
    )


def write(tune: LoggedTune, folder: Path) -> None:
    """`tune.json` in the folder."""
    documents.write(tune, folder / NAME)


def read(path: Path) -> LoggedTune:
    """The document at `path`; ScenarioError when there is none, or of another kind."""
    return documents.read(path, LoggedTune, f"a tuning by logs of version {VERSION}", ScenarioError)


def _setting(tunables: Tunables, judged: Sequence[Judged]) -> LoggedSetting:
    cut = {
        each.evidence.name: _cut(each.survival.share_over(getattr(tunables, each.evidence.name)))
        for each in judged
    }
    every = tunables.settings()
    told = {KEYS[name]: every[KEYS[name]] for name in ("read", *cut)}
    return LoggedSetting(told, tunables, cut)


def _advice(each: Judged, judged: Sequence[Judged], default: Tunables, best: Tunables) -> LoggedAdvice:
    name = each.evidence.name
    value: float = getattr(best, name)
    is_raised = value != each.recommended_seconds
    reason = f"{each.reason}; {read_reason(judged, best)}" if is_raised else each.reason
    return LoggedAdvice(KEYS[name], getattr(default, name), value, reason, each.sure)


def _evidence(each: Judged) -> TimerEvidence:
    evidence, tail = each.evidence, each.survival.tail
    horizon = evidence.sample.horizon_seconds
    return TimerEvidence(
        key=KEYS[evidence.name],
        source=evidence.source,
        seen=len(evidence.sample.seen),
        cut=len(evidence.sample.cut),
        alike=round(evidence.alike, 2),
        timer_seconds=evidence.timer_seconds,
        horizon_seconds=None if horizon == float("inf") else horizon,
        told_up_to_seconds=each.told_up_to_seconds,
        tail=FittedTail(tail.family, tail.threshold_seconds, tail.plausibility, tail.sparse)
        if tail
        else None,
        candidates=tuple(map(_cut, each.shares)),
        notes=evidence.notes,
    )


def _cut(share: Share) -> Cut:
    return Cut(share.seconds, share.estimate, share.low, share.high, share.basis.value)
