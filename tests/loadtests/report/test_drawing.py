"""What a browser makes of the page: the proof that the charts are there and nothing leaves the machine."""

import html
import re
from pathlib import Path
from statistics import median

import pytest

from loadtests.report import write_report
from loadtests.report.packed import packed
from tests.loadtests.report.browser import NEEDS_CHROMIUM, Opened, open_in_chromium
from tests.loadtests.report.hostile import HOSTILE, hostile_run
from tests.loadtests.report.run_with_faults import EVIDENCE, PHONES, run_with_faults

pytestmark = [pytest.mark.long, NEEDS_CHROMIUM]


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Opened:
    """The run of `run_with_faults`, in which all that is drawn is known beforehand."""
    built, summary = run_with_faults()
    folder = tmp_path_factory.mktemp("report")
    page = folder / "report.html"
    write_report(page, built, summary, 'name = "drawn"\n', EVIDENCE)
    return open_in_chromium(page, folder)


def test_phones_by_state_are_stacked_to_the_whole_fleet(opened: Opened) -> None:
    assert opened.legend("states") == ["waiting", "under way", "between tries", "enrolled", "failed"]
    waiting, under_way, between, enrolled, failed = range(5)
    for at in (5, 20, 35):
        assert opened.height_at("states", failed, at) == pytest.approx(PHONES, abs=2)
        assert opened.height_at("states", waiting, at) == pytest.approx(PHONES - 10 * at, abs=12)
    # Of each four phones one fails: at once before 20 s, two seconds later after it.
    assert opened.height_at("states", enrolled, 19) == pytest.approx(PHONES - 19 * 2.5, abs=8)
    assert opened.height_at("states", enrolled, 40) == pytest.approx(300, abs=12)
    on_the_way = opened.height_at("states", under_way, 35) - opened.height_at("states", waiting, 35)
    assert on_the_way == pytest.approx(2 * 2.5 + 1.5, abs=4)
    assert opened.height_at("states", between, 35) == pytest.approx(opened.height_at("states", under_way, 35))


def test_attempts_are_drawn_at_their_heights(opened: Opened) -> None:
    assert opened.legend("attempts") == ["intended", "started", "succeeded", "failed"]
    for line, per_second in enumerate((10.0, 10.0, 7.5, 2.5)):
        assert median(opened.line_values("attempts", line)) == pytest.approx(per_second, abs=0.6)


def test_latency_percentiles_are_drawn_at_their_heights(opened: Opened) -> None:
    assert opened.legend("latency") == ["p50", "p95", "p99"]
    for line, seconds in enumerate((0.1, 0.4, 0.4)):
        for at in (5, 20, 35):
            assert opened.height_at("latency", line, at) == pytest.approx(seconds, abs=0.005)


def test_failures_change_at_the_moment_when_they_did(opened: Opened) -> None:
    assert set(opened.legend("failures")) == {"EST_ERR_AUTH_FAIL at answer", "EST_ERR_SSL_READ at wait"}
    refused = opened.legend("failures").index("EST_ERR_AUTH_FAIL at answer")
    for line, before, after in ((refused, 2.5, 0.0), (1 - refused, 0.0, 2.5)):
        assert opened.height_at("failures", line, 10) == pytest.approx(before, abs=0.6)
        assert opened.height_at("failures", line, 30) == pytest.approx(after, abs=0.6)


def test_timeouts_begin_when_they_did(opened: Opened) -> None:
    assert opened.legend("timeouts") == ["read at wait"]
    assert opened.height_at("timeouts", 0, 15) == pytest.approx(0.0, abs=0.05)
    assert opened.height_at("timeouts", 0, 35) == pytest.approx(2.5, abs=0.6)


def test_the_cas_answers_are_drawn_by_stage_from_its_log(opened: Opened) -> None:
    assert opened.legend("ca-answers") == ["login", "form", "submit", "download"]
    # The lines of a login and a download have no point: what is drawn is the form's and the submission's.
    for line, seconds in enumerate((0.2, 1.5)):
        for at in (5, 35):
            assert opened.height_at("ca-answers", line, at) == pytest.approx(seconds, abs=0.02)


def test_calls_that_failed_are_drawn_from_the_ras_log(opened: Opened) -> None:
    assert opened.legend("failed-calls") == ["submit curl_28"]
    assert opened.height_at("failed-calls", 0, 10) == pytest.approx(0.0, abs=0.05)
    assert opened.height_at("failed-calls", 0, 30) == pytest.approx(1.0, abs=0.1)


def test_the_fault_is_shaded_where_it_was_on_every_chart_over_time(opened: Opened) -> None:
    over_time = [
        "states", "attempts", "latency", "stages", "failures", "timeouts", "ca-answers", "failed-calls",
        "faults-in-force", "share-phone-read", "share-ra-form", "closest", "longer", "backlog",
    ]  # fmt: skip
    for chart in over_time:
        ((begin, end),) = opened.shades(chart)
        assert (begin, end) == pytest.approx((10.0, 20.0), abs=0.15), chart
        assert ">ca.delay</text>" in opened.chart(chart), chart
    for chart in ("cut-off", "distribution", "outcomes"):
        assert opened.shades(chart) == [], chart


def test_the_fault_is_in_force_while_it_was(opened: Opened) -> None:
    assert opened.legend("faults-in-force") == ["ca.delay"]
    steps = opened.points("faults-in-force", 0)
    expected = [(0, 0), (10, 0), (10, 1), (20, 1), (20, 0)]
    for corner, wanted in zip(steps, expected, strict=False):
        assert corner == pytest.approx(wanted, abs=0.15)


def test_the_heatmap_of_the_read_timer_is_dark_where_attempts_were(opened: Opened) -> None:
    # 0.8 of 0.1 s and of 0.4 s are waited for, of a timer of 2 s: 4 % and 16 %.
    quick, slow, timed_out, none = "to 5 %", "to 20 %", "to 100 %", "to 50 %"
    before = {row: opened.darkness("share-phone-read", 15, row) for row in (quick, slow, timed_out, none)}
    after = {row: opened.darkness("share-phone-read", 30, row) for row in (quick, slow, timed_out, none)}
    assert before[quick] > before[slow] > 0
    assert before[timed_out] == before[none] == after[none] == 0
    assert after[timed_out] == pytest.approx(after[slow], abs=0.15)
    assert after[timed_out] > 0.3


def test_the_heatmap_of_a_call_is_dark_in_the_row_of_its_share(opened: Opened) -> None:
    for stage, row in (("form", "to 2 %"), ("submit", "to 80 %")):
        assert opened.darkness(f"share-ra-{stage}", 20, row) > 0.3
        rows = [label.strip() for label in opened.labels(f"share-ra-{stage}", "y")]
        assert len(rows) == 15
        others = [opened.darkness(f"share-ra-{stage}", 20, other) for other in rows if other != row]
        assert others == [0] * 14


def test_shares_of_the_timers_are_drawn_at_their_heights(opened: Opened) -> None:
    names = opened.legend("closest")
    assert names[:3] == ["phone connect", "phone handshake", "phone read"]
    assert names[3:] == ["RA login", "RA form", "RA submit", "RA download"]
    # The RA's login, the fourth name, has no point and so no line.
    assert opened.height_at("closest", 3, 30) == pytest.approx(0.02, abs=0.02)
    assert opened.height_at("closest", 4, 30) == pytest.approx(0.75, abs=0.02)
    assert opened.height_at("closest", names.index("phone read"), 30) == pytest.approx(1.0, abs=0.02)


def test_what_a_shorter_timer_would_cut_off_is_drawn_by_stage(opened: Opened) -> None:
    assert opened.labels("cut-off", "x") == ["1 s", "2.5 s", "5 s", "10 s"]
    stages = opened.legend("cut-off")
    for stage, shares in (("form", [0, 0, 0, 0]), ("submit", [1, 0, 0, 0])):
        heights = opened.bar_heights("cut-off", stages.index(stage))
        assert heights == pytest.approx(shares, abs=0.01)


def test_arrivals_and_completions_end_at_the_totals(opened: Opened) -> None:
    assert opened.legend("backlog") == ["meant to start", "ended", "ended enrolled"]
    ends = [opened.line_values("backlog", line)[-1] for line in range(3)]
    assert ends == pytest.approx([400, 400, 300], abs=2)


def test_outcomes_are_drawn_in_proportion_and_labelled(opened: Opened) -> None:
    assert opened.labels("outcomes", "y") == [
        "EST_ERR_SSL_READ<br>50 (12.5 %) ",
        "EST_ERR_AUTH_FAIL<br>50 (12.5 %) ",
        "EST_ERR_NONE<br>300 (75 %) ",
    ]
    enrolled, *failed = opened.bar_widths("outcomes")
    assert [enrolled / each for each in failed] == pytest.approx([6.0, 6.0], rel=0.01)


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


def test_a_script_that_the_page_does_not_name_is_unpacked_and_never_run(tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    built, summary = run_with_faults()
    write_report(page, built, summary, "", EVIDENCE)
    other = packed('document.title = "owned"')
    changed = re.sub(
        r'id="plotly" data-size="\d+">[^<]*<',
        lambda _: f'id="plotly" data-size="{other.size_bytes}">{other.text}<',
        page.read_text(),
    )
    page.write_text(changed)
    seen = open_in_chromium(page, tmp_path)
    assert "<title>owned" not in seen.dom
    assert any("Content Security Policy" in complaint for complaint in seen.complaints)
    assert '<p id="not-drawn">This browser cannot unpack the charts' in seen.dom
