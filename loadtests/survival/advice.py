"""From survival to advice: what each candidate timer would cut, and which one to take."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import msgspec

from loadtests.survival.evidence import Evidence
from loadtests.survival.survival import Basis, Share, Survival
from loadtests.tuning.tunables import Tunables

CANDIDATES = (1.0, 2.5, 5.0, 7.5, 10.0, 12.0, 14.0, 15.0, 17.5, 20.0, 25.0, 30.0, 45.0, 60.0)
TARGET = 0.001
_TELLING_WIDTH = 0.01
_TELLING_PART = 0.5
_NETWORK_SECONDS = 1.0
_OTHERS = 0.99


@dataclass(frozen=True, slots=True)
class Judged:
    """A timer with what is known of it.

    `told_up_to_seconds` is the longest candidate of which the log says something useful; `recommended` the
    value to take, and `sure` whether the log shows that it is enough.
    """

    evidence: Evidence
    survival: Survival
    shares: tuple[Share, ...]
    told_up_to_seconds: float
    recommended_seconds: float
    sure: bool
    reason: str

    @property
    def now(self) -> Share:
        """What the timer of production cuts."""
        return self.survival.share_over(self.evidence.timer_seconds)

    @property
    def then(self) -> Share:
        """What the recommended one would cut."""
        return self.survival.share_over(self.recommended_seconds)


def judge(evidence: Evidence, target: float = TARGET) -> Judged:
    """One timer: the shortest value, not below production's, that cuts at most `target` of the answers."""
    survival = Survival(evidence.sample)
    now = evidence.timer_seconds
    shares = tuple(survival.share_over(each) for each in sorted({*CANDIDATES, now}))
    told = _told_up_to(shares, survival, evidence)
    longer = [share for share in shares if share.seconds >= now]
    enough = next((share for share in longer if share.high <= target), None)
    if enough is not None:
        return Judged(
            evidence, survival, shares, told, enough.seconds, True, _sure(longer[0], enough, target)
        )
    likely = next((each for each in longer if each.estimate is not None and each.estimate <= target), None)
    best = likely or (longer[-1] if longer[-1].estimate is not None else _double(longer))
    return Judged(
        evidence, survival, shares, told, best.seconds, False, _unsure(evidence, longer[0], best, told)
    )


def recommended(judged: Sequence[Judged], default: Tunables) -> Tunables:
    """All timers together: CAPF must outwait the RA, or what it gets from the CA comes to nobody."""
    values = {each.evidence.name: each.recommended_seconds for each in judged}
    read = max(values.get("read", default.read), _needed(judged))
    return msgspec.structs.replace(default, **{**values, "read": float(read)})


def read_reason(judged: Sequence[Judged], found: Tunables) -> str:
    """Why the phone's timer is longer than CAPF's trace alone asks for."""
    slowest, others = _slowest(judged)
    assert slowest is not None
    return (
        f"CAPF must outwait the RA: the timer of its slowest stage ({slowest.evidence.name}, "
        f"{slowest.recommended_seconds:g} s), {others:.1f} s for the other stages (p99), and "
        f"{_NETWORK_SECONDS:g} s for the network come to {found.read:g} s; a phone that hangs up sooner "
        "leaves an orphan"
    )


def _needed(judged: Sequence[Judged]) -> float:
    slowest, others = _slowest(judged)
    return math.ceil(slowest.recommended_seconds + others + _NETWORK_SECONDS) if slowest else 0.0


def _slowest(judged: Sequence[Judged]) -> tuple[Judged | None, float]:
    """The RA's stage with the longest p99, and what the others take at p99 in all; logins are made twice."""
    usual = {each.evidence.name: each.evidence.sample.quantile(_OTHERS) for each in judged}
    stages = [each for each in judged if each.evidence.name != "read"]
    if not stages:
        return None, 0.0
    slowest = max(stages, key=lambda each: usual[each.evidence.name])
    names = [each.evidence.name for each in stages if each is not slowest]
    return slowest, sum(usual[name] * (2 if name == "login" else 1) for name in names)


def percent(share: float) -> str:
    """A share as people read it."""
    return f"{100 * share:.3g} %"


def said(share: Share) -> str:
    """A share with its interval."""
    between = f"{percent(share.low)} to {percent(share.high)}"
    if share.estimate is None:
        return f"cannot be told: {between}"
    return f"{percent(share.estimate)} ({between})"


def _told_up_to(shares: Iterable[Share], survival: Survival, evidence: Evidence) -> float:
    """The longest candidate whose interval is much narrower than what was cut."""
    telling = max(_TELLING_WIDTH, _TELLING_PART * evidence.sample.cut_share)
    told = [
        each.seconds for each in shares if each.basis is not Basis.BOUNDS and each.width <= telling
    ]  # fmt: skip
    return max([*told, min(survival.horizon_seconds, evidence.timer_seconds)])


def _sure(now: Share, enough: Share, target: float) -> str:
    if now.seconds == enough.seconds:
        return f"{now.seconds:g} s cut {said(now)} of the answers: no more than {percent(target)}"
    how = "seen" if enough.basis is Basis.SEEN else "as the tail goes on"
    would = f"{enough.seconds:g} s would cut {said(enough)}, {how}"
    return f"{now.seconds:g} s cut {said(now)} of the answers; {would}"


def _unsure(evidence: Evidence, now: Share, best: Share, told: float) -> str:
    sample = evidence.sample
    text = f"{now.seconds:g} s cut {said(now)} of the answers"
    if best.estimate is None:
        return (
            f"{text}: {percent(sample.cut_share)} of the log was cut, and no tail fits what was seen; "
            f"nothing beyond {told:g} s can be said. Take {best.seconds:g} s and read the logs again"
        )
    if best.seconds == now.seconds:
        return f"{text}; {sample.size} are too few to show that it is enough, and nothing asks for more"
    return (
        f"{text}; {best.seconds:g} s would cut {said(best)}: {sample.size} are too few to show that it is "
        "enough. Take it, and read the logs again"
    )


def _double(longer: Sequence[Share]) -> Share:
    """Where nothing can be told, twice the timer shows the most for the least."""
    return next((each for each in longer if each.seconds >= 2 * longer[0].seconds), longer[-1])
