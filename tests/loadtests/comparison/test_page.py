"""The page of a comparison: verdicts in words, every number in a table, and nothing that text could break."""

import msgspec
import pytest

from loadtests.comparison.finding import Verdict
from loadtests.comparison.page import render, state
from tests.loadtests.comparison.compared import BASELINE, SIDES, report
from tests.loadtests.report.hostile import HOSTILE
from tests.loadtests.report.test_page import Elements


@pytest.fixture(scope="module")
def page() -> Elements:
    return Elements(render(report(), BASELINE, SIDES))


def test_the_verdict_of_each_side_is_in_words(page: Elements) -> None:
    assert "Comparison with runs/before" in page.text
    assert "? runs/0: no regression beyond 5 % is proven" in page.text
    assert "✗ runs/1: REGRESSION beyond 5 %, 95 % sure: latency p50" in page.text
    assert "It ran on another machine." in page.text


def test_every_finding_is_in_its_side_s_table(page: Elements) -> None:
    tables = [attributes["id"] for tag, attributes in page.found if tag == "table"]
    assert tables == ["findings-0", "findings-1"]
    for compared in report().compared:
        for each in compared.findings:
            assert each.metric in page.text
            assert f" {each.verdict} " in page.text


def test_a_side_whose_changes_are_all_known_to_be_small_is_met() -> None:
    unclear, _ = report().compared
    known = [msgspec.structs.replace(each, verdict=Verdict.SAME) for each in unclear.findings]
    assert state(unclear) == "unknown"
    assert state(msgspec.structs.replace(unclear, findings=known)) == "met"


def test_names_of_runs_cannot_break_out_of_the_page() -> None:
    found = Elements(render(report(name=HOSTILE), BASELINE, SIDES)).found
    assert "img" not in [tag for tag, _ in found]
    # Figures, Plotly, and what unpacks them.
    assert [tag for tag, _ in found].count("script") == 3
