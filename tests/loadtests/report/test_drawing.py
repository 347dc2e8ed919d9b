"""What a browser makes of the page: the proof that the charts are there and nothing leaves the machine."""

import html
from pathlib import Path
from statistics import median

import pytest

from loadtests.report import write_report
from loadtests.results import table
from testbed.est_errors import EstError
from tests.loadtests import attempts
from tests.loadtests.report.browser import NEEDS_CHROMIUM, Opened, open_in_chromium
from tests.loadtests.report.hostile import HOSTILE, hostile_run
from tests.loadtests.runs import summed_up

pytestmark = NEEDS_CHROMIUM


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Opened:
    """A run of 40 s: ten phones a second, every fourth fails; enrolled ones take 0.1 s, some 0.4 s."""
    tried = [
        attempts.failed(index, at=index / 10, latency=0.2, error=EstError.AUTH_FAIL, reason="401")
        if index % 4 == 0
        else attempts.enrolled(index, at=index / 10, latency=0.4 if index % 4 == 1 else 0.1)
        for index in range(400)
    ]
    built = table.build(tried)
    folder = tmp_path_factory.mktemp("report")
    page = folder / "report.html"
    write_report(page, built, summed_up(built, "enrolled_share >= 100%"), 'name = "drawn"\n')
    return open_in_chromium(page, folder)


def test_throughput_is_drawn_at_its_height(opened: Opened) -> None:
    assert opened.legend("throughput") == ["intended", "enrolled", "failed"]
    for line, per_second in enumerate((10.0, 7.5, 2.5)):
        assert median(opened.line_values("throughput", line)) == pytest.approx(per_second, abs=0.6)


def test_latency_percentiles_are_drawn_at_their_heights(opened: Opened) -> None:
    assert opened.legend("latency") == ["p50", "p95", "p99"]
    for line, seconds in enumerate((0.1, 0.4, 0.4)):
        assert opened.line_values("latency", line) == pytest.approx([seconds] * 2, abs=0.005)


def test_arrivals_and_completions_end_at_the_totals(opened: Opened) -> None:
    assert opened.legend("backlog") == ["meant to start", "ended", "ended enrolled"]
    ends = [opened.line_values("backlog", line)[-1] for line in range(3)]
    assert ends == pytest.approx([400, 400, 300], abs=2)


def test_outcomes_are_drawn_in_proportion_and_labelled(opened: Opened) -> None:
    assert opened.labels("outcomes", "y") == [
        "EST_ERR_AUTH_FAIL<br>100 (25 %) ",
        "EST_ERR_NONE<br>300 (75 %) ",
    ]
    enrolled, failed = opened.bar_widths("outcomes")
    assert enrolled / failed == pytest.approx(3.0, rel=0.01)


def test_every_stage_and_the_spread_are_drawn(opened: Opened) -> None:
    assert "wait (RA and CA)" in opened.legend("stages")
    assert opened.chart("stages").count('class="trace bars"') == 8
    assert opened.legend("distribution") == ["latency", "service time"]
    assert opened.labels("distribution", "x") == ["100 ms", "200 ms", "500 ms"]


def test_the_page_asks_the_network_for_nothing(opened: Opened) -> None:
    assert opened.requests == []
    assert opened.complaints == []


def test_a_page_that_did_ask_the_network_would_be_noticed(tmp_path: Path) -> None:
    page = tmp_path / "leak.html"
    page.write_text('<img src="http://leak.invalid/x.png"><script>fetch("http://leak.invalid/")</script>')
    assert set(open_in_chromium(page, tmp_path).requests) == {
        "http://leak.invalid/x.png",
        "http://leak.invalid/",
    }


def test_hostile_text_is_shown_and_never_run(tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    built, summary, scenario_text = hostile_run()
    write_report(page, built, summary, scenario_text)
    seen = open_in_chromium(page, tmp_path)
    assert seen.requests == []
    assert seen.complaints == []
    assert "<title>owned" not in seen.dom
    shown = html.escape(HOSTILE[:48], quote=False)
    assert any(label.startswith(shown) for label in seen.labels("outcomes", "y"))
    assert f">{shown}</tspan>" in seen.chart("outcomes")
