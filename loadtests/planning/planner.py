"""From a chain and a question to a plan: which batches, what to expect of them, what to change first."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import msgspec

from loadtests.planning.batches import Batches
from loadtests.planning.candidates import Asked, Candidate, best, candidates
from loadtests.planning.document import Check, Plan, Source, Suggestion
from loadtests.planning.goal import NO_BACKLOG, Goal
from loadtests.planning.measured import MeasuredCapacity
from loadtests.planning.replication import chances, played, ra_worker_count
from loadtests.planning.settling import Settled, gentlest, settle
from loadtests.planning.suggestions import in_order, suggest
from loadtests.planning.timeline import timeline
from loadtests.planning.verdict import fits, hopeless, verdict
from loadtests.report.wording import span
from loadtests.simulation.settings import ChainModel

PROOF = "proof"
Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Question:
    """What a plan is asked for, of which chain, and what it must keep."""

    source: Source
    model: ChainModel
    asked: Asked
    goal: Goal
    rules_left_out: Sequence[str]
    seed: int
    measured: MeasuredCapacity | None = None

    @property
    def own_model(self) -> ChainModel:
        """The chain with the plan's own seed, not that of the run which it was measured in."""
        return msgspec.structs.replace(self.model, seed=self.seed)

    @property
    def rules(self) -> str:
        """What must be kept, in words."""
        return " and ".join([*(rule.text for rule in self.goal.rules), NO_BACKLOG])

    def check(self, batches: Batches) -> Check | None:
        """The batches' rate beside the measured capacity."""
        if self.measured is None:
            return None
        rules = [*(rule.text for rule in self.goal.rules), *self.rules_left_out]
        standing = self.measured.standing(batches.rate_per_second, rules)
        return Check(batches.rate_per_second, self.measured, standing)


def make_plan(question: Question, tell: Tell) -> Plan:
    """The plan; `tell` is told what is being found out, a line at a time."""
    model, asked, goal, seed = question.model, question.asked, question.goal, question.seed
    found = list[Candidate]()
    for each in candidates(model, asked, goal, chances(seed, "search")):
        found.append(each)
        tell(f"every {span(each.spacing_seconds)}: batches of up to {each.largest_batch} phones")
    chosen = gentlest(model, asked, best(found), goal, chances(seed, "choice"))
    if chosen is None:
        return _without_batches(question, found)
    settled = settle(model, asked, chosen, goal, chances(seed, PROOF))
    found = [settled.bears if each is chosen else each for each in found]
    batches, times = settled.batches, settled.expected.replications
    tell(f"{batches.count} batches of {batches.size}: simulated {times} times")
    suggestions = list[Suggestion]()
    about = settled.bears.largest_batch
    for one in suggest(model, asked, goal, batches, about, chances(seed, "changes")):
        suggestions.append(one)
        tell(f"{one.change}: {one.gain.expected:.3g} times as many phones")
    return _plan(question, found, settled, in_order(suggestions))


def _plan(
    question: Question, found: list[Candidate], settled: Settled, suggestions: list[Suggestion]
) -> Plan:
    model, asked, batches, bears = question.model, question.asked, settled.batches, settled.bears
    shown = played(model, batches, chances(question.seed, PROOF), 0)
    check = question.check(batches)
    return Plan(
        source=question.source, seed=question.seed, asked=asked, model=question.own_model,
        rules=[rule.text for rule in question.goal.rules], rules_left_out=list(question.rules_left_out),
        fits=fits(asked, settled, check), capacity=check,
        verdict=list(verdict(asked, settled, suggestions, question.rules, check)),
        batches=batches, expected=settled.expected,
        sustainable_rate_per_second=bears.rate_per_second,
        needed_seconds=bears.needed_seconds(asked.phones),
        most_phones=bears.most_phones(asked.window_seconds),
        candidates=found, suggestions=suggestions,
        timeline=timeline(shown, batches.spacing_seconds, ra_worker_count(model)),
    )  # fmt: skip


def _without_batches(question: Question, found: list[Candidate]) -> Plan:
    return Plan(
        source=question.source, seed=question.seed, asked=question.asked, model=question.own_model,
        rules=[rule.text for rule in question.goal.rules], rules_left_out=list(question.rules_left_out),
        fits=False, verdict=list(hopeless(question.asked, question.rules, found)),
        batches=None, expected=None, sustainable_rate_per_second=0.0, needed_seconds=None, most_phones=0,
        candidates=found, suggestions=[], timeline=[],
    )  # fmt: skip
