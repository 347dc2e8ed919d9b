import html
from collections.abc import Sequence
from html.parser import HTMLParser
from pathlib import Path

import msgspec
import polars as pl
import pytest

from loadtests.arrivals.pacing import Schedule
from loadtests.report import write_report
from loadtests.report.page import render, tiles, times
from loadtests.results import table
from loadtests.results.summary import DeadPart, Summary
from tests.loadtests import attempts
from tests.loadtests.arrivals.test_pacing import report
from tests.loadtests.report.hostile import HOSTILE, hostile_run
from tests.loadtests.report.run_with_faults import EVIDENCE, FAULT
from tests.loadtests.runs import RUN, summed_up

SCENARIO = 'name = "morning reset"\n[phones]\ncount = 60\n'


class Elements(HTMLParser):
    """Every element of a page with its attributes, and the page's text outside scripts."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self._inside = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        self._inside = tag

    def handle_data(self, data: str) -> None:
        if self._inside not in ("script", "style"):
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).replace("\N{NO-BREAK SPACE}", " ").split())


def rendered(built: pl.DataFrame, *rules: str, phones: int | None = None, **known: object) -> str:
    return render(built, summed_up(built, *rules, phones=phones, **known), SCENARIO)


def storm(phones: int = 60) -> pl.DataFrame:
    return table.build(attempts.storm(phones))


def test_the_page_is_one_utf8_file(tmp_path: Path) -> None:
    write_report(tmp_path / "report.html", storm(), summed_up(storm()), SCENARIO)
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]
    assert (tmp_path / "report.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


def test_nothing_on_the_page_names_an_address_to_load() -> None:
    elements = Elements(rendered(storm()))
    named = [
        (tag, name) for tag, given in elements.found for name in given if name in ("src", "href", "action")
    ]
    assert named == []
    assert not {"link", "iframe", "object", "embed", "img"} & {tag for tag, _ in elements.found}


def test_only_the_page_s_own_scripts_may_run() -> None:
    policy = next(
        given["content"] or ""
        for tag, given in Elements(rendered(storm())).found
        if given.get("http-equiv") == "Content-Security-Policy"
    )
    assert "default-src 'none'" in policy
    assert policy.count("'sha256-") == 2
    assert "script-src 'unsafe-inline'" not in policy


def test_the_verdict_and_each_rule_are_told() -> None:
    text = Elements(
        rendered(storm(), "enrolled_share >= 10%", "failed == 1000", "orphans == 0", orphans=None)
    ).text
    assert "✗ SLO not met" in text
    assert "enrolled_share >= 10% 100 % ✓ met" in text
    assert "orphans == 0 unknown ? unknown no CA database at hand" in text


@pytest.mark.parametrize(
    ("rules", "orphans", "verdict"),
    [
        (["orphans == 0"], 0, "✓ SLO met"),
        (["orphans == 0"], 2, "✗ SLO not met"),
        (["orphans == 0"], None, "? SLO not fully known"),
        ([], 0, "No SLO was asked for"),
    ],
)
def test_the_verdict_is_in_words_not_in_colour_alone(
    rules: list[str], orphans: int | None, verdict: str
) -> None:
    assert verdict in Elements(rendered(storm(), *rules, orphans=orphans)).text


def test_a_part_that_died_and_an_incident_are_at_the_top() -> None:
    run = msgspec.structs.replace(
        RUN, dead_parts=[DeadPart("ca", "ended by SIGKILL")], incidents=["interrupted by the user"]
    )
    text = Elements(rendered(storm(), run=run)).text
    assert text.index("ca died: ended by SIGKILL") < text.index("Key numbers")
    assert text.index("interrupted by the user") < text.index("Key numbers")


def test_failures_are_listed_with_the_first_phone() -> None:
    built = table.build([attempts.failed(7, at=1.0), attempts.failed(3, at=0.0), attempts.enrolled(1)])
    assert "EST_ERR_SSL_READ no answer within 10 s 2 2 SEP000000000003" in Elements(rendered(built)).text


def test_the_scenario_and_the_command_that_repeats_the_run_are_there() -> None:
    text = Elements(rendered(storm(), seed=4711)).text
    assert "estorm storm scenario.toml --seed 4711" in text
    assert "[phones] count = 60" in text


def test_an_empty_run_says_so_and_carries_no_script() -> None:
    elements = Elements(rendered(table.build(()), "enrolled_share >= 100%", phones=500))
    assert "No attempt was made" in elements.text
    assert "0 of 500 phones enrolled, 0 failed, 500 never started" in elements.text
    assert "script" not in {tag for tag, _ in elements.found}


def test_a_run_where_nothing_enrolled_has_no_latency_to_show() -> None:
    built = table.build(attempts.refused(index) for index in range(5))
    charts = [given["id"] for _, given in Elements(rendered(built)).found if given.get("class") == "plot"]
    assert charts == ["states", "attempts", "failures", "backlog", "outcomes"]


def test_hostile_text_makes_no_element_and_no_script() -> None:
    page = render(*hostile_run())
    plain = Elements(rendered(storm()))
    hostile = Elements(page)
    assert [tag for tag, _ in hostile.found].count("script") == [tag for tag, _ in plain.found].count(
        "script"
    )
    assert "img" not in {tag for tag, _ in hostile.found}
    assert not [name for _, given in hostile.found for name in given if name.startswith("on")]
    assert html.unescape(HOSTILE) in "".join(hostile.words)
    assert HOSTILE not in page


def test_the_page_does_not_grow_with_the_number_of_attempts() -> None:
    few, many = (table.build(attempts.storm(phones, per_second=phones / 120)) for phones in (2_000, 100_000))
    assert len(rendered(many)) < len(rendered(few)) + 20_000


def test_the_page_of_fifty_thousand_phones_is_under_two_megabytes() -> None:
    built = table.build(attempts.storm(50_000, per_second=60.0))
    page = render(built, summed_up(built, faults=(FAULT,)), SCENARIO, EVIDENCE)
    assert len(page.encode()) < 2_000_000


def test_key_numbers_name_what_is_not_known() -> None:
    built = table.build([attempts.failed()])
    shown = {tile.label: tile.number for tile in tiles(summed_up(built, orphans=None))}
    assert shown["Orphans"] == "unknown"
    assert shown["CPU CA"] == "unknown"
    assert "Latency p50" not in shown


def test_cpu_time_is_told_for_each_enrolled_phone_too() -> None:
    summary: Summary = summed_up(table.build(attempts.enrolled(index) for index in range(3)))
    details = {tile.label: tile.detail.replace("\N{NO-BREAK SPACE}", " ") for tile in tiles(summary)}
    assert details["CPU generator"] == "500 ms for each enrolled phone"


def test_times_are_listed_whole_first_then_stage_by_stage() -> None:
    labels = [row.label for row in times(summed_up(storm()))]
    assert labels == ["latency", "service time", "start lag", *table.STAGES]


def test_a_run_that_the_generator_limited_is_called_so_and_says_why() -> None:
    late = table.build(attempts.enrolled(index, at=index, lag=0.02) for index in range(10))
    page = Elements(rendered(late, reports=[report()], schedule=Schedule("constant", 1.0))).text
    assert "Generator-bound: do not blame the server; p99 of start lag is 20.0 ms, over 5 ms." in page
    assert "Arrivals: open workload, constant, 1/s intended" in page
    assert "10 late" in page


def test_a_run_whose_generator_kept_up_says_nothing_of_it() -> None:
    assert "Generator-bound:" not in rendered(storm(), reports=[report()])


def test_a_lost_process_is_named_with_its_phones() -> None:
    lost = [report(ended=False)]
    page = Elements(rendered(storm(7), phones=10, reports=lost)).text
    assert "Generator process 0 was lost with 3 of its 10 phones." in page
