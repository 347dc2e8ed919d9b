"""`tune.json`: typed, versioned, and with the figures that a tuning is about."""

import json
from pathlib import Path

import jsonschema
import msgspec
import pytest

from loadtests.errors import ScenarioError
from loadtests.tuning import document
from loadtests.tuning.document import figures, read, totals
from loadtests.tuning.outcome import Outcome
from tests.loadtests.tuning.tunings import tuned

RUN = Outcome(
    phones=100, enrolled=90, p50_seconds=2, p99_seconds=8, tries=200, timeouts=20, false_timeouts=4, orphans=3
)


def other(**changes: object) -> Outcome:
    return msgspec.structs.replace(RUN, **changes)


def test_figures_are_the_means_of_the_runs() -> None:
    found = figures([RUN, other(enrolled=80, orphans=5, timeouts=60)])
    assert (found.enrolled, found.orphans, found.p99_seconds, found.runs) == (85, 4, 8, 2)
    assert found.timeout_rate.mean == pytest.approx(0.2)


def test_a_percentile_that_one_run_did_not_reach_is_not_known() -> None:
    assert figures([RUN, other(p99_seconds=None)]).p99_seconds is None


def test_totals_add_up_and_have_the_worst_p99() -> None:
    found = totals({"one": [RUN], "two": [other(p99_seconds=30.0, orphans=7)]})
    assert (found.enrolled, found.false_timeouts, found.orphans, found.p99_seconds) == (180, 8, 10, 30)
    assert totals({"one": [RUN], "two": [other(p99_seconds=None)]}).p99_seconds is None


def test_it_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    document.write(tuned(), tmp_path)
    assert read(tmp_path / document.NAME) == tuned()


def test_default_and_recommended_have_settings_and_figures(tmp_path: Path) -> None:
    document.write(tuned(), tmp_path)
    table = json.loads((tmp_path / document.NAME).read_text())
    assert table["schema"] == "estorm.tune/1"
    for name in ("default", "recommended"):
        assert table[name]["settings"]["phones.read_timeout_seconds"] > 0
        for source in ("predicted", "measured"):
            assert {"enrolled", "false_timeouts", "orphans", "p99_seconds"} <= set(table[name][source])


def test_it_fits_its_schema(tmp_path: Path) -> None:
    document.write(tuned(), tmp_path)
    jsonschema.validate(json.loads((tmp_path / document.NAME).read_text()), json.loads(document.schema()))


def test_the_schema_in_the_docs_is_the_documents_own() -> None:
    docs = Path(__file__).parents[3] / "docs" / "tune.schema.json"
    assert docs.read_bytes() == document.schema()


@pytest.mark.parametrize("text", ["", "{}", '{"schema": "estorm.tune/9"}'])
def test_another_document_is_refused_by_name(text: str, tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text(text)
    with pytest.raises(ScenarioError, match=r"x\.json: not a tuning of version estorm\.tune/1"):
        read(tmp_path / "x.json")
