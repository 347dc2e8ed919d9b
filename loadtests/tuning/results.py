"""Outcomes as the document has them: settings, gains, front."""

from collections.abc import Iterator, Mapping, Sequence

from loadtests.tuning.bench import Bench, Scored
from loadtests.tuning.choice import is_worse_beyond_chance
from loadtests.tuning.document import FrontPoint, Gain, Setting, Totals, totals
from loadtests.tuning.interval import interval
from loadtests.tuning.objective import front
from loadtests.tuning.outcome import Outcome
from loadtests.tuning.proving import Proof


def setting(bench: Bench, scored: Scored, name: str, proof: Proof) -> Setting:
    """A setting with all that is known of it."""
    names = [each.name for each in bench.conditions]
    measured = {condition: [found] for condition, found in proof.measured.get(name, {}).items()}
    return Setting(
        settings=scored.tunables.values,
        tunables=scored.tunables,
        predicted=totals(dict(zip(names, scored.outcomes, strict=False))),
        predicted_for_lab=_totals(proof.predicted.get(name, {})),
        measured=_totals(measured),
        loss=scored.loss,
    )


def gains(bench: Bench, default: Scored, best: Scored) -> Iterator[Gain]:
    """What the best gains under each condition."""
    for condition, before, after in zip(bench.conditions, default.outcomes, best.outcomes, strict=True):
        pairs = list(zip(before, after, strict=True))
        yield Gain(
            condition.name,
            interval([theirs.enrolled_share - mine.enrolled_share for mine, theirs in pairs]),
            interval([mine.false_timeouts - theirs.false_timeouts for mine, theirs in pairs]),
            interval([mine.orphans - theirs.orphans for mine, theirs in pairs]),
            is_worse_beyond_chance(before, after),
        )


def front_points(found: Sequence[Scored]) -> tuple[FrontPoint, ...]:
    """The Pareto front of the settings that were simulated whole, the least loss first."""
    whole = {each.tunables: each for each in found if not each.stopped}
    undominated = front((each, each.terms) for each in whole.values())
    points = [FrontPoint(each.tunables, terms, each.loss) for each, terms in undominated]
    return tuple(sorted(points, key=lambda each: each.loss))


def _totals(found: Mapping[str, Sequence[Outcome]]) -> Totals | None:
    return totals(found) if found else None
