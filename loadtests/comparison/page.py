"""A comparison as a page: one file that needs nothing else, network included."""

from collections.abc import Sequence
from pathlib import Path

from loadtests.comparison.charts import draw
from loadtests.comparison.document import Compared, Report
from loadtests.comparison.finding import Verdict
from loadtests.comparison.observed import Observed
from loadtests.comparison.table import change, words
from loadtests.report.rendering import rendered

_STATES = {Verdict.REGRESSION: "broken", Verdict.IMPROVEMENT: "met", Verdict.SAME: "met"}
_MARKS = {"broken": "✗", "met": "✓", "unknown": "?"}


def write_page(
    path: Path, report: Report, baseline: Sequence[Observed], sides: Sequence[Sequence[Observed]]
) -> None:
    """Write it, replaced if there is one; `sides` are those of `report.compared`, in order."""
    path.write_text(render(report, baseline, sides), encoding="utf-8")


def render(report: Report, baseline: Sequence[Observed], sides: Sequence[Sequence[Observed]]) -> str:
    """The page as HTML."""
    charts = list(draw(report, baseline, sides))
    return rendered(
        "comparison.html.j2",
        charts,
        drawn=charts,
        report=report,
        words=[list(words(report, each)) for each in report.compared],
        states=[state(each) for each in report.compared],
        state_of=lambda verdict: _STATES.get(verdict, "unknown"),
        marks=_MARKS,
        change=change,
    )


def state(compared: Compared) -> str:
    """Whether a side is `broken` (a metric regressed), `met` (all known to be no worse) or `unknown`."""
    if compared.regressed:
        return "broken"
    judged = [each.verdict for each in compared.findings if each.verdict is not Verdict.NOT_JUDGED]
    return "met" if judged and Verdict.UNCLEAR not in judged else "unknown"
