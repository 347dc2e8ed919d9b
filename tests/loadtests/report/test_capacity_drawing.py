"""What a browser makes of the page of a capacity run."""

import re

import pytest

from loadtests.report.capacity import write_capacity_report
from tests.loadtests.report.browser import NEEDS_CHROMIUM, Opened, open_in_chromium
from tests.loadtests.report.capacity_run import RATES, capacity, models

pytestmark = NEEDS_CHROMIUM


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Opened:
    folder = tmp_path_factory.mktemp("capacity")
    page = folder / "report.html"
    write_capacity_report(page, capacity(), models(), 'name = "knee"\n', "estorm capacity scenario.toml")
    return open_in_chromium(page, folder)


def test_every_trial_is_marked_at_the_load_it_was_offered(opened: Opened) -> None:
    assert opened.legend("offered") == ["as many as offered", "the rules held", "a rule broke"]
    assert opened.chart("offered").count('class="point"') >= len(RATES)
    assert opened.points("offered", 0)[-1] == pytest.approx((66, 66), rel=0.02)


def test_the_limit_is_shaded_where_its_interval_lies(opened: Opened) -> None:
    for chart in ("offered", "latency-versus-load", "utilization"):
        assert opened.shades(chart) == [pytest.approx((43.0, 45.5), abs=0.3)]
        assert ">limit<" in opened.chart(chart)


def test_the_knee_is_marked_and_named_beside_the_limit(opened: Opened) -> None:
    names = ["p50", "p99", "p99, queueing model", "knee"]
    assert opened.legend("latency-versus-load") == names
    path = re.findall(
        r'<path class="js-line" d="M([\d.]+),[\d.]+L([\d.]+),', opened.chart("latency-versus-load")
    )
    begin, end = path[-1]
    assert begin == end


def test_latencies_are_told_in_seconds_that_do_not_overlap(opened: Opened) -> None:
    assert opened.labels("latency-versus-load", "y") == [
        "200 ms",
        "500 ms",
        "1 s",
        "2 s",
        "5 s",
        "10 s",
        "20 s",
    ]


def test_utilization_is_drawn_at_its_height(opened: Opened) -> None:
    assert opened.legend("utilization") == ["RA workers", "CA CPU (cores)", "all cores of the machine"]
    assert opened.height_at("utilization", 0, 30.0) == pytest.approx(0.6, abs=0.02)
    assert opened.height_at("utilization", 2, 30.0) == pytest.approx(0.25, abs=0.02)


def test_the_law_its_band_and_the_queues_are_drawn(opened: Opened) -> None:
    assert opened.legend("scaling") == ["95 % interval", "scalability law", "queueing model", "measured"]
    assert opened.labels("scaling", "x") == ["1", "2", "4", "8", "16", "32", "64", "128"]
    assert 'class="js-fill"' in opened.chart("scaling")
    assert opened.line_values("scaling", 2)[-1] == pytest.approx(50, abs=1.5)


def test_residuals_are_drawn_for_both_models(opened: Opened) -> None:
    assert opened.legend("left-out") == ["scalability law", "queueing model"]
    assert opened.chart("left-out").count('class="point"') == 14


def test_the_page_asks_the_network_for_nothing(opened: Opened) -> None:
    assert opened.requests == []
    assert opened.complaints == []
