"""A comparison on the terminal: a row for each metric, what became worse first in words."""

from collections.abc import Iterator

from rich.console import Console
from rich.table import Table
from rich.text import Text

from loadtests.comparison.document import Compared, Report
from loadtests.comparison.finding import Finding, Verdict
from loadtests.report import wording

_MOST_SHOWN = 100
_STYLES = {Verdict.REGRESSION: "bold red", Verdict.IMPROVEMENT: "green", Verdict.UNCLEAR: "yellow"}


def show(report: Report, console: Console) -> None:
    """Print it, a table for each side."""
    for compared in report.compared:
        console.print(_table(report, compared))
        for line in (*compared.remarks, *words(report, compared)):
            console.print(Text(line))


def _table(report: Report, compared: Compared) -> Table:
    title = f"{', '.join(compared.runs)} against {', '.join(report.baseline)}"
    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    table.add_column("")
    for name in ("baseline", "now", "change", "from", "to"):
        table.add_column(name, justify="right")
    table.add_column("verdict")
    for each in compared.findings:
        verdict = f"{each.verdict} ({each.note})" if each.note else str(each.verdict)
        style = _STYLES.get(each.verdict, "")
        table.add_row(each.metric, *_numbers(each), Text(verdict, style=style))
    return table


def _numbers(finding: Finding) -> Iterator[str]:
    for value in (finding.baseline, finding.other):
        yield "-" if value is None else wording.measured(value, finding.unit)
    for ratio in (finding.ratio, finding.low, finding.high):
        yield change(ratio)


def change(ratio: float | None) -> str:
    """A ratio as the change that it is: `+12.5%`; where it is beyond all sense, that it is."""
    if ratio is None:
        return "-"
    return f"{ratio - 1:+.1%}" if ratio < _MOST_SHOWN else f"over {_MOST_SHOWN:g} times"


def words(report: Report, compared: Compared) -> Iterator[str]:
    """What was found of one side in a few lines, the verdict first."""
    unclear = [each.metric for each in compared.findings if each.verdict is Verdict.UNCLEAR]
    if compared.regressed:
        worse = ", ".join(each.metric for each in compared.regressed)
        sure, tolerance = wording.share(report.confidence), wording.share(report.tolerance)
        yield f"REGRESSION beyond {tolerance}, {sure} sure: {worse}"
    else:
        yield f"no regression beyond {wording.share(report.tolerance)} is proven"
    if unclear:
        yield f"unclear, longer or more runs would tell: {', '.join(unclear)}"
    if len(report.baseline) + len(compared.runs) == 2:
        yield "one run a side: how much runs differ from each other by themselves is not in these intervals"
