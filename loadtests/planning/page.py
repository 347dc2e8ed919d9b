"""A plan as a page: one file that needs nothing else, network included."""

from pathlib import Path

from loadtests.planning.charts import draw
from loadtests.planning.document import Plan
from loadtests.planning.table import made_of, outcomes
from loadtests.planning.wording import batched
from loadtests.report.rendering import rendered
from loadtests.report.wording import rate, span


def write_page(path: Path, plan: Plan) -> None:
    """Write it, replaced if there is one."""
    path.write_text(render(plan), encoding="utf-8")


def render(plan: Plan) -> str:
    """The page as HTML."""
    charts = list(draw(plan))
    expected = list(outcomes(plan.expected)) if plan.expected else []
    return rendered(
        "plan.html.j2", charts, drawn=charts, plan=plan, expected=expected, span=span, rate=rate,
        batched=batched(plan.batches) if plan.batches else "", made_of=list(made_of(plan)),
    )  # fmt: skip
