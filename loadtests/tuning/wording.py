"""A tuning's result as lines of text."""

from collections.abc import Iterator

from loadtests.tuning.document import Gain, Totals, Tune
from loadtests.tuning.interval import Interval
from loadtests.tuning.tunables import KEYS, Value
from testbed.ra.capacity_settings import RaWorkers

_STAGES = {"all": "all", "repeatable": "all but the submission"}


def describe(tune: Tune) -> Iterator[str]:
    """The table of conditions, then the advice: each value, its cost, how sure it is, until when."""
    if tune.interrupted:
        yield "interrupted: this is what was found until then"
    yield f"{tune.searched.settings} settings simulated, {tune.searched.stopped_early} of them given up early"
    yield from _table("simulated at full scale", tune.default.predicted, tune.recommended.predicted)
    if tune.default.measured and tune.recommended.measured:
        title = f"measured on the lab, times divided by {tune.scale:g}"
        yield from _table(title, tune.default.measured, tune.recommended.measured)
    yield from map(_gain, tune.gains)
    for check in tune.checks:
        if not check.agrees:
            predicted, measured = check.predicted_timeout_rate.mean, check.measured_timeout_rate
            yield (
                f"PREDICTION WRONG: {check.condition}, {check.setting}: timeout rate {measured:.1%} "
                f"measured, {predicted:.1%} predicted"
            )
    yield from _recommended(tune)
    yield from (f"costs: {each}" for each in tune.costs)
    yield from (f"holds: {each}" for each in tune.holds)
    yield f"how sure: {tune.certainty}"
    yield from tune.notes


def _recommended(tune: Tune) -> Iterator[str]:
    """Each value to change with what it contributes, then those that were changed in vain."""
    if not tune.advice:
        yield "the default is as good as anything that was found"
        return
    before, after = tune.default.loss, tune.recommended.loss
    of_all = "" if before is None or after is None else f", of {before - after:.3f} gained in all"
    compared = any(each.lost_without for each in tune.advice)
    yield f"recommended, with what is lost without each alone (95 %){of_all}:" if compared else "recommended:"
    for each in tune.advice:
        lost = f" [{_more(each.lost_without)}]" if each.lost_without else ""
        recommended, default = told(each.key, each.recommended), told(each.key, each.default)
        yield f"  {each.key} = {recommended} instead of {default}{lost}: {each.reason}"
    if tune.unchanged:
        yield "left as they are, for what was tried is no better beyond chance:"
    for kept in tune.unchanged:
        value, tried = told(kept.key, kept.value), told(kept.key, kept.tried)
        yield f"  {kept.key} = {value}, {tried} was tried [{_more(kept.lost_without)}]"


def told(key: str, value: Value) -> str:
    """A value as a scenario has it, with its unit; in words where the number alone says nothing."""
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, int | float):
        return _STAGES.get(value, value) if isinstance(value, str) else ", ".join(value)
    if key == KEYS["workers"]:
        return f"{value:g} ({_workers(int(value))})"
    if key == KEYS["total"] and not value:
        return "0 (no bound)"
    return f"{value:g} s" if key.endswith("seconds") else f"{value:g}"


def _workers(processes: int) -> str:
    """Of an RA that blocks: no other has workers that are tuned."""
    workers = RaWorkers("blocking", processes)
    return f"{workers.count} RA workers" + (" in one process" if not processes else "")


def _more(lost: Interval) -> str:
    return f"{lost.mean:+.3f}, {lost.low:+.3f} to {lost.high:+.3f}"


def _table(title: str, default: Totals, recommended: Totals) -> Iterator[str]:
    yield f"{title}: default -> recommended"
    yield f"  {'condition':<14}{'enrolled':>16}{'false timeouts':>18}{'orphans':>16}{'p99':>22}"
    for name, after in recommended.conditions.items():
        before = default.conditions.get(name)
        if before is not None:
            yield (
                f"  {name:<14}{_pair(before.enrolled, after.enrolled):>16}"
                f"{_pair(before.false_timeouts, after.false_timeouts):>18}"
                f"{_pair(before.orphans, after.orphans):>16}"
                f"{_seconds(before.p99_seconds)} -> {_seconds(after.p99_seconds):<8}".rstrip()
            )


def _pair(before: float, after: float) -> str:
    return f"{before:.0f} -> {after:.0f}"


def _seconds(value: float | None) -> str:
    return f"{'never' if value is None else f'{value:.1f} s':>10}"


def _gain(gain: Gain) -> str:
    share, orphans, false = gain.enrolled_share, gain.orphans, gain.false_timeouts
    points = f"{share.mean * 100:+.1f} [{share.low * 100:.1f}, {share.high * 100:.1f}]"
    return (
        f"gain under {gain.condition}: {points} points of the phones, {orphans.mean:.1f} [{orphans.low:.1f}, "
        f"{orphans.high:.1f}] orphans and {false.mean:.1f} [{false.low:.1f}, {false.high:.1f}] false "
        "timeouts fewer (95 %)"
    )
