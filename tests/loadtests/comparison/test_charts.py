"""What a browser makes of the page of a comparison."""

import dataclasses

import msgspec
import numpy as np
import pytest

from loadtests.comparison.charts import draw
from loadtests.comparison.page import write_page
from tests.loadtests.comparison.compared import BASELINE, SIDES, report
from tests.loadtests.report.browser import NEEDS_CHROMIUM, Opened, open_in_chromium


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Opened:
    folder = tmp_path_factory.mktemp("comparison")
    write_page(folder / "report.html", report(), BASELINE, SIDES)
    return open_in_chromium(folder / "report.html", folder)


@NEEDS_CHROMIUM
def test_the_page_is_drawn_without_a_complaint_and_without_the_network(opened: Opened) -> None:
    assert opened.complaints == []
    assert opened.requests == []


@NEEDS_CHROMIUM
def test_the_distributions_of_all_runs_lie_over_each_other(opened: Opened) -> None:
    assert opened.legend("latencies") == ["seed 1 (baseline)", "seed 2", "seed 3"]
    assert opened.chart("latencies").count('class="trace scatter') == 3
    assert opened.labels("latencies", "y")[-1] == "100%"
    assert all(label.endswith("s") for label in opened.labels("latencies", "x"))


@NEEDS_CHROMIUM
def test_phones_that_are_done_add_up(opened: Opened) -> None:
    assert opened.legend("done") == ["seed 1 (baseline)", "seed 2", "seed 3"]
    assert opened.line_values("done", 0)[-1] == pytest.approx(2000, rel=0.02)


@NEEDS_CHROMIUM
def test_changes_are_marked_by_their_verdict_with_what_counts_for_nothing_shaded(opened: Opened) -> None:
    assert "regression" in opened.legend("changes-1")
    assert "regression" not in opened.legend("changes-0")
    assert opened.chart("changes-1").count('class="xerror"') >= 4


def test_an_interval_without_end_leaves_the_others_to_be_seen() -> None:
    calm, slow = report().compared
    endless = [msgspec.structs.replace(each, high=1e17 if each.high else None) for each in slow.findings]
    found = msgspec.structs.replace(
        report(), compared=[calm, msgspec.structs.replace(slow, findings=endless)]
    )
    charts = {chart.id: chart.figure for chart in draw(found, BASELINE, SIDES)}
    left, right = charts["changes-1"].layout.xaxis.range
    ratios = [each.ratio for each in endless if each.high and each.ratio]
    assert left < min(ratios) - 1 < max(ratios) - 1 < right < 100
    assert charts["changes-0"].layout.xaxis.range is None


def test_a_distribution_ends_with_the_slowest_and_is_no_larger_for_more_attempts() -> None:
    (latencies,) = [chart for chart in draw(report(), BASELINE, SIDES) if chart.id == "latencies"]
    for run, line in zip([*BASELINE, *SIDES[0], *SIDES[1]], latencies.figure.data, strict=True):
        assert max(line.x) == pytest.approx(run.latencies.max())
        assert line.x[list(line.y).index(0.5)] == np.quantile(run.latencies, 0.5, method="inverted_cdf")
        assert len(line.x) < 250


def test_runs_in_which_nothing_enrolled_are_not_drawn() -> None:
    nothing = dataclasses.replace(BASELINE[0], starts=np.empty(0), latencies=np.empty(0), ends=np.empty(0))
    charts = {chart.id: chart for chart in draw(report(), [nothing], SIDES)}
    assert [line.name for line in charts["latencies"].figure.data] == ["seed 2", "seed 3"]
