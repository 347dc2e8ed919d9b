"""The committed dashboards are what the generator makes, and what Grafana's own types read."""

import json
from pathlib import Path

import pytest
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models import dashboard as model

from exporters.ca import QUEUED
from grafana.build import BOARDS, DASHBOARDS, encoded
from grafana.panels import Board
from grafana.queries import UnknownLabel, series
from tests.grafana import expressions


def named(made: Board) -> str:
    return made.name


@pytest.mark.parametrize("made", BOARDS, ids=named)
def test_the_committed_file_is_what_the_generator_makes(made: Board) -> None:
    path = DASHBOARDS / f"{made.name}.json"
    assert path.read_text(encoding="utf-8") == encoded(made), "run python -m grafana.build"


def test_there_is_no_other_file() -> None:
    assert {path.stem for path in expressions.DASHBOARDS} == {made.name for made in BOARDS}


@pytest.mark.parametrize("path", expressions.DASHBOARDS, ids=lambda path: path.stem)
def test_grafanas_types_read_the_file_and_write_the_same(path: Path) -> None:
    register_default_plugins()
    given = expressions.dashboard(path)
    for annotation in given["annotations"]["list"]:
        # Grafana's data source of Prometheus reads these two, its types do not know them.
        assert (annotation.pop("step"), annotation.pop("titleFormat")) == ("1s", "{{fault}}")
    read = model.Dashboard.from_json(given)
    assert json.loads(json.dumps(read, cls=JSONEncoder)) == given
    shown = [panel for panel in read.panels or [] if isinstance(panel, model.Panel)]
    assert [panel.title for panel in shown] == [panel["title"] for panel in expressions.panels(path)]
    assert all(panel.targets for panel in shown)


def test_panels_do_not_lie_on_each_other() -> None:
    for path in expressions.DASHBOARDS:
        taken: set[tuple[int, int]] = set()
        for panel in expressions.panels(path):
            at = panel["gridPos"]
            cells = {
                (x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])
            }
            assert not cells & taken, (path.stem, panel["title"])
            assert at["x"] + at["w"] <= 24
            taken |= cells


def test_a_query_cannot_name_a_label_that_its_metric_has_not() -> None:
    with pytest.raises(UnknownLabel, match="worker"):
        series(QUEUED, 'worker="1"')


def test_no_number_is_red_but_by_a_threshold_of_its_own() -> None:
    reddened: set[tuple[str, float]] = set()
    for path in expressions.DASHBOARDS:
        for panel in (each for each in expressions.panels(path) if each["type"] == "stat"):
            neutral, *bad = panel["fieldConfig"]["defaults"]["thresholds"]["steps"]
            assert neutral == {"color": "text", "value": 0}, panel["title"]
            reddened |= {(panel["title"], step["value"]) for step in bad}
    assert reddened == {("Timeouts", 0.05), ("Failed for good", 1), ("Orphans", 1)}
