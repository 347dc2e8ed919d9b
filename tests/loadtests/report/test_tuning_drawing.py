"""What a browser makes of the page of a tuning."""

import pytest

from loadtests.report.tuning import write_tuning_report
from tests.loadtests.report.browser import NEEDS_CHROMIUM, Opened, open_in_chromium
from tests.loadtests.report.tuning_run import write_folder

pytestmark = NEEDS_CHROMIUM


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Opened:
    folder = write_folder(tmp_path_factory.mktemp("tuning"))
    return open_in_chromium(write_tuning_report(folder), folder)


def test_timers_are_drawn_against_each_other(opened: Opened) -> None:
    assert opened.labels("heatmap", "x") == ["5", "10", "20"]
    assert opened.labels("heatmap", "y") == ["4", "9", "19"]
    assert "<image " in opened.chart("heatmap")


def test_waiting_is_drawn_with_what_it_buys(opened: Opened) -> None:
    assert opened.legend("wait") == ["false timeouts", "orphans", "without certificate"]
    assert opened.line_values("wait", 0) == pytest.approx([0.2, 0.1, 0.05], abs=0.005)
    assert opened.line_values("wait", 1) == pytest.approx([0.05, 0.025, 0.0125], abs=0.005)


def test_a_collapse_and_a_recovery_are_drawn_at_full_scale(opened: Opened) -> None:
    for setting, rate_after in (("default", 0.0), ("recommended", 1.0)):
        chart = f"fault-outage-{setting}"
        assert opened.legend(chart) == ["tries begun", "enrolled", "failed"]
        assert opened.shades(chart) == [pytest.approx((60, 120), abs=1.5)]
        assert opened.height_at(chart, 1, 30.0) == pytest.approx(1.0, abs=0.2)
        assert opened.height_at(chart, 1, 160.0) == pytest.approx(rate_after, abs=0.2)
        assert opened.height_at(chart, 2, 90.0) == pytest.approx(1.0, abs=0.2)
    assert "outage, default: collapse" in opened.dom
    assert "outage, recommended: recovery" in opened.dom


def test_the_front_and_the_recommendation_on_it_are_marked(opened: Opened) -> None:
    assert "recommended" in opened.legend("front")
    assert opened.chart("front").count('class="point"') >= 1


def test_predictions_stand_beside_what_was_measured(opened: Opened) -> None:
    assert opened.legend("agreement") == ["predicted, with its range", "measured on the lab"]
    assert set(opened.labels("agreement", "y")) == {"slow_submit, default ", "slow_submit, recommended "}
    assert opened.chart("agreement").count('class="point"') == 4


def test_the_page_asks_the_network_for_nothing(opened: Opened) -> None:
    assert opened.requests == []
    assert opened.complaints == []
