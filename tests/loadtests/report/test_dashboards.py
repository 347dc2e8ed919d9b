"""The report has the panels of the dashboards Renewal night and Timeout tuning: title, meaning and unit."""

import re
from dataclasses import dataclass
from typing import Any

import pytest

from loadtests.report.chart import NIGHT, TUNING
from loadtests.report.charts import Chart, draw
from loadtests.report.failing import failed_attempts
from loadtests.report.page import render, tiles
from tests.grafana.expressions import DASHBOARDS, dashboard, panels
from tests.loadtests.report.run_with_faults import EVIDENCE, run_with_faults

BOARDS = {NIGHT: "renewal-night", TUNING: "timeout-tuning"}
NUMBERS = "stat"
NOT_DRAWN = {
    "Time left": "a run that is over has none left",
    "Calls to the CA, p95": "the RA's side of the wire is in no file of a run; `storm --prometheus` keeps it",
}
each_board = pytest.mark.parametrize("board", [NIGHT, TUNING])


@dataclass(frozen=True)
class Report:
    charts: list[Chart]
    numbers: set[str]
    """Labels of the tiles; heads and sides of the table of timers."""

    def of(self, board: str) -> dict[str, Chart]:
        return {chart.title: chart for chart in self.charts if chart.board == board}


@pytest.fixture(scope="module")
def report() -> Report:
    built, summary = run_with_faults()
    page = render(built, summary, "", EVIDENCE)
    table = page[page.index('<table id="timers">') :].partition("</table>")[0]
    words = re.findall(r"(?:<th[^>]*>|<tr><td>)([^<]*)<", table)
    drawn = list(draw(built, summary, EVIDENCE, failed_attempts(built)))
    return Report(drawn, {*(tile.label for tile in tiles(summary)), *words})


def panels_of(board: str) -> list[dict[str, Any]]:
    (path,) = (path for path in DASHBOARDS if path.stem == BOARDS[board])
    assert dashboard(path)["title"] == f"estorm / {board}"
    return panels(path)


def unit_of(panel: dict[str, Any]) -> str:
    if panel["type"] == "heatmap":
        return str(panel["options"]["yAxis"]["unit"])
    return str(panel["fieldConfig"]["defaults"]["unit"])


@each_board
def test_every_panel_is_in_the_report_or_its_absence_has_a_reason(board: str, report: Report) -> None:
    drawn = set(report.of(board))
    for panel in panels_of(board):
        wanted_in = drawn | report.numbers if panel["type"] == NUMBERS else drawn
        assert (panel["title"] in wanted_in) != (panel["title"] in NOT_DRAWN), panel["title"]


@each_board
def test_every_chart_under_a_boards_name_is_one_of_its_panels(board: str, report: Report) -> None:
    assert set(report.of(board)) <= {panel["title"] for panel in panels_of(board)}


@each_board
def test_what_is_drawn_means_the_same_in_the_same_unit(board: str, report: Report) -> None:
    drawn = report.of(board)
    for panel in panels_of(board):
        if chart := drawn.get(panel["title"]):
            assert chart.caption.startswith(panel["description"])
            assert chart.unit == unit_of(panel)


def test_an_axis_is_named_by_its_unit(report: Report) -> None:
    words = {"ops": "per second", "s": "seconds", "percentunit": "share"}
    for chart in report.charts:
        axis = chart.figure.layout.yaxis
        assert words.get(chart.unit, "") in axis.title.text, chart.id
        if chart.unit == "percentunit" and axis.type != "category":
            assert axis.tickformat == "~%"


def test_no_reason_is_listed_for_a_panel_that_is_gone() -> None:
    assert set(NOT_DRAWN) <= {panel["title"] for board in BOARDS for panel in panels_of(board)}
