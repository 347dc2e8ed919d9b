"""The answer of a search in a few lines of text."""

from collections.abc import Iterator

from loadtests.capacity.bottleneck import Failing
from loadtests.capacity.result import Capacity
from loadtests.report import wording

_SHOWN_EVIDENCE = 3


def describe(found: Capacity) -> Iterator[str]:
    """Rate and interval, what breaks first, what gives first and why that is known."""
    yield from _headline(found)
    if found.unstable:
        yield "UNSTABLE: the chain did not behave alike whenever it was tried alike; trust the interval only"
        yield from (f"  {reason}" for reason in found.unstable_reasons)
    if found.rule:
        yield f"breaks first: {found.rule}"
    if found.demand_met is not None:
        yield f"the throughput that is asked for: {'can be had' if found.demand_met else 'CANNOT BE HAD'}"
    yield from _bottleneck(found)
    yield from _models(found)


def _models(found: Capacity) -> Iterator[str]:
    models = found.models
    if models is None:
        return
    if models.usl and models.usl.peak_concurrency:
        peak = models.usl.peak_concurrency
        yield f"peak: {peak.value:.3g} phones at a time, 95 % interval {peak.low:.3g} to {peak.high:.3g}"
    elif models.usl:
        yield f"scalability law: {models.usl.note}"
    if models.queueing and models.queueing.reliefs:
        first, most = models.queueing.reliefs[0], models.queueing.highest_per_second
        helped = wording.rate(first.highest_per_second) if first.highest_per_second else "no limit"
        yield f"queueing model: {wording.rate(most)} at most; with twice as many {first.part}: {helped}"
    said = models.comparison.note if models.comparison else models.note
    if said:
        yield f"models: {said}"


def _headline(found: Capacity) -> Iterator[str]:
    trials = f"{wording.several(len(found.trials), 'trial', 'trials')}, {found.why}"
    rate, interval = found.sustainable_rate_per_second, found.interval_95
    if rate is not None and interval is not None:
        low, high = interval
        sure = "confirmed" if found.confirmed else "not confirmed"
        yield (
            f"sustainable: {wording.rate(rate)}, 95 % interval {wording.rate(low)} to {wording.rate(high)} "
            f"({sure}; {trials})"
        )
        return
    if found.generator_bound:
        yield f"NOT A CAPACITY, the load generator was the limit ({trials})"
    else:
        yield f"no limit of the chain was found ({trials})"
    if found.held_at_per_second is not None:
        yield f"held: {wording.rate(found.held_at_per_second)}, so the limit is higher"


def _bottleneck(found: Capacity) -> Iterator[str]:
    if found.bottleneck is None:
        if found.searched.target:
            yield "what gives first: unknown, a server elsewhere shows its answers only"
        return
    yield f"what gives first: {found.bottleneck}"
    yield from (f"  {evidence.says}" for evidence in found.evidence[:_SHOWN_EVIDENCE])
    if found.bottleneck_stage:
        yield f"  the RA's calls to the CA take longest in the stage {found.bottleneck_stage}"
    if found.failing:
        yield f"  {failing_calls(found.failing)}"


def failing_calls(found: Failing) -> str:
    """What failed, and by what."""
    return (
        f"where a rule broke, {found.share:.0%} of the RA's failed calls to the CA were in the stage "
        f"{found.stage}: {found.cause}"
    )
