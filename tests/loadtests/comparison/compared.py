"""A comparison to draw: a baseline, a run that is alike, and one that is slower."""

from loadtests.comparison.document import Compared, Report
from loadtests.comparison.observed import Observed
from loadtests.comparison.sides import Comparison
from tests.loadtests.comparison.storms import observed

BASELINE = [observed(1, 2000, load=0.3)]
SIDES = [[observed(2, 2000, load=0.3)], [observed(3, 2000, load=0.3, slower=1.5, failing=0.02)]]


def report(*, baseline: list[Observed] = BASELINE, name: str = "runs/before") -> Report:
    """The comparison of the second and third with the first, which is called `name`."""
    judging = Comparison()
    compared = [
        Compared(
            [f"runs/{place}"], judging.of(baseline, side), ["it ran on another machine"] if place else []
        )
        for place, side in enumerate(SIDES)
    ]
    return Report(
        baseline=[name], compared=compared, tolerance=0.05, confidence=0.95, seed=1,
        regression=any(each.regressed for each in compared),
    )  # fmt: skip
