"""Does an experiment show its faults? Its evidence must be in its logs, and in no log of a control run.

The control is the same experiment, its faults left out: same storm, same seed, same probes.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from chaos.fault import Evidence
from loadtests.experiments.document import Document
from loadtests.experiments.log_lines import found_lines
from loadtests.experiments.running import Outcome, run
from loadtests.storm.run_folder import RunFolder


@dataclass(frozen=True, slots=True)
class Proof:
    """One line of evidence: how often it is in the experiment's logs, and in the control's."""

    evidence: Evidence
    found: int
    found_in_control: int

    @property
    def good(self) -> bool:
        """Whether it is in the one and not in the other."""
        return self.found > 0 and self.found_in_control == 0


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a verification came to. `outcome` is the experiment's, `control` the control run's."""

    outcome: Outcome
    control: Outcome
    proofs: tuple[Proof, ...]

    @property
    def good(self) -> bool:
        """Whether evidence and steady state are as they should be in both runs."""
        return bool(self.proofs) and all(proof.good for proof in self.proofs) and not list(self.complaints())

    def complaints(self) -> Iterator[str]:
        """What was not as it should be, evidence apart."""
        for name, outcome in (("experiment", self.outcome), ("control", self.control)):
            if outcome.good:
                continue
            if outcome.status != "completed":
                yield f"the {name} was not carried through: {outcome.status}"
            if not outcome.steady_before:
                yield f"the {name} was not in steady state before its method"
            elif not outcome.steady_after:
                yield f"the {name} was not in steady state after its method"
            yield from (f"the {name}'s activity failed: {failure}" for failure in outcome.failures)
        if not self.proofs:
            yield "the experiment names no evidence"


def verify(document: Document, folder: Path, seed: int, tell: Callable[[str], None]) -> Verdict:
    """Run the experiment and its control, each in a folder of its own in `folder`, and compare their logs.

    `tell` is told which of them begins.
    """
    tell("the control, without the faults")
    control = run(document, folder / "control", seed, faults=False)
    if control.interrupted:
        return Verdict(control, control, ())
    tell("the experiment")
    return compare(document, run(document, folder / "experiment", seed), control)


def compare(document: Document, outcome: Outcome, control: Outcome) -> Verdict:
    """The experiment's logs beside the control's."""
    proofs = (
        Proof(evidence, count(outcome.folder, evidence), count(control.folder, evidence))
        for evidence in document.evidence()
    )
    return Verdict(outcome, control, tuple(proofs))


def count(folder: RunFolder, evidence: Evidence) -> int:
    """How many lines of the folder's logs are such evidence."""
    return len(found_lines(folder, evidence))
