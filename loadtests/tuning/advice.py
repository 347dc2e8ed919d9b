"""The recommendation in words: why each value, what it costs, how sure it is, until when it is true."""

from collections.abc import Iterator, Sequence

from loadtests.tuning.document import Advice, Check, Gain, Unchanged
from loadtests.tuning.effect import Effect
from loadtests.tuning.outcome import Outcome
from loadtests.tuning.tunables import KEYS, Tunables, differences
from loadtests.tuning.validity import Validity

_REASONS = {
    "read": "the phone must outwait the RA, or the RA's answer comes to nobody",
    "attempts": "tries that outlast the fault are those that get through",
    "spacing": "tries spread over the fault, not all inside it",
    "connect": "a CA that is busy takes connections late",
    "login": "a login that is slow is still a login: giving up wastes the CA's work on it",
    "form": "the form is the same for every phone; waiting longer for it helps none",
    "submit": "a submission cut off is a certificate that the CA issues and nobody fetches",
    "download": "the certificate is there already; only patience is needed to fetch it",
    "total": "the RA must end before the phone hangs up, so that every certificate has somebody to go to",
    "resolver": "a name server that is slow is asked by every connection anew",
    "ra_retries": "the RA knows of the failure at once, the phone after its spacing",
    "ra_spacing": "a call made again at once meets the same fault",
    "ra_stages": "a submission made again may leave two certificates",
    "hand_out_late": "a certificate that came too late waits for the phone that comes again (CSCvf83629)",
    "handles": "one connection for all pages needs one login instead of two",
    "reuse": "connections that stay logged in spare the CA every login",
    "workers": "workers that wait for the CA serve nobody else: a slow CA needs more of them",
}


_NO_MORE = "no more than chance with other seeds"


def advice(default: Tunables, best: Tunables, effects: Sequence[Effect] | None) -> Iterator[Advice]:
    """Each value to change, the most important first, with what happens where it stays as it is.

    Last are those of which `effects` says nothing: the rules have changed them. None: nothing was compared.
    """
    for effect in effects or ():
        name = effect.name
        reason = f"{_REASONS[name]}; {_without(effect) if effect.matters else _NO_MORE}"
        yield Advice(
            KEYS[name], getattr(default, name), getattr(best, name), reason, effect.loss.mean, effect.loss,
            effect.matters,
        )  # fmt: skip
    compared = {effect.name for effect in effects or ()}
    why = (
        "was not compared, the search had ended"
        if effects is None
        else "follows from the others by the rules"
    )
    for name in differences(default, best):
        if name not in compared:
            reason = f"{_REASONS[name]}; {why}"
            yield Advice(KEYS[name], getattr(default, name), getattr(best, name), reason, 0.0, matters=False)


def unchanged(default: Tunables, put_back: Sequence[Effect]) -> Iterator[Unchanged]:
    """Each value that the search had changed and that went back."""
    for effect in put_back:
        yield Unchanged(KEYS[effect.name], getattr(default, effect.name), effect.tried, effect.loss)


def costs(best: Tunables, default: Sequence[Outcome], found: Sequence[Outcome]) -> Iterator[str]:
    """What the recommendation is paid with: patience, workers, memory."""
    yield (
        f"a phone that gets nothing knows it after {best.read:g} s, and is busy for up to "
        f"{best.attempts * best.read + (best.attempts - 1) * best.spacing:g} s in all"
    )
    before, after = _held(default), _held(found)
    if before is not None and after is not None:
        yield f"RA workers held on average, all conditions: {after:.1f} instead of {before:.1f}"
    if best.workers:
        yield f"{best.workers} worker processes at the RA, each with its own memory"
    if best.hand_out_late:
        yield "the RA keeps certificates whose phones had gone, until they come again"
    if best.reuse:
        yield "the RA keeps connections to the CA open and logged in"


def certainty(gains: Sequence[Gain], checks: Sequence[Check], replications: int) -> str:
    """How sure the recommendation is, in a sentence or two."""
    sure = [each.condition for each in gains if each.enrolled_share.low > 0 or each.orphans.low > 0]
    worse = [each.condition for each in gains if each.is_worse]
    text = (
        f"{replications} replications with seeds by which nothing was chosen: better beyond chance (95 %) "
        f"under {', '.join(sure) or 'no condition'}; worse under {', '.join(worse) or 'none'}"
    )
    if not checks:
        return f"{text}. Nothing was measured on the lab: estorm tune --again with this tune.json does that"
    good = sum(each.agrees for each in checks)
    return f"{text}. On the lab {good} of {len(checks)} predicted timeout rates were right"


def holds(validity: Validity) -> Iterator[str]:
    """For which CA it is true."""
    begin, end = validity.better_from_seconds, validity.better_until_seconds
    if begin is None:
        yield "however slow submissions were, up to a p99 of 80 s, the default was as good"
    else:
        until = "on" if end is None else f"to {end:g} s"
        yield f"better than the default at a p99 of submissions from {begin:g} s {until}"
    if validity.raise_from_seconds is not None:
        yield f"raise the timers again when the CA's p99 passes {validity.raise_from_seconds:g} s"
    if validity.helpless_from_seconds is not None:
        yield (
            f"past a p99 of {validity.helpless_from_seconds:g} s these settings lose more than one phone "
            "in a hundred"
            + (", and longer timers do no better: the CA is too slow for so many phones"
               if validity.raise_from_seconds is None else "")
        )  # fmt: skip


def _without(effect: Effect) -> str:
    before, after = effect.before, effect.after
    told = (
        (f"{after.enrolled} of {after.phones} phones enroll instead of ", after.enrolled, before.enrolled),
        (f"orphans {after.orphans} instead of ", after.orphans, before.orphans),
        (f"false timeouts {after.false_timeouts} instead of ", after.false_timeouts, before.false_timeouts),
        (f"p99 {_seconds(after)} instead of ", _seconds(after), _seconds(before)),
    )
    changes = [f"{words}{was}" for words, now, was in told if now != was]
    return f"left as it is, under {effect.condition}, {', '.join(changes) or 'little changes'}"


def _seconds(outcome: Outcome) -> str:
    return "never" if outcome.p99_seconds is None else f"{outcome.p99_seconds:.1f} s"


def _held(found: Sequence[Outcome]) -> float | None:
    held = [each.workers_held for each in found if each.workers_held is not None]
    return sum(held) / len(held) if held else None
