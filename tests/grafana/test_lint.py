"""The rules of Grafana's dashboard linter (docs/index.md of grafana/dashboard-linter), as checks of our own.

What is excluded, grafana/dashboards/.lint says with its reason: the rules on instances, and template-job-rule
for the dashboard of logs. target-promql-rule is held by a real Prometheus in test_every_expression.py.
"""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.grafana.expressions import DASHBOARDS, GRAFANA, dashboard, panels

UNITS = {"none", "short", "percentunit", "s", "ops", "reqps", "bytes"}
DRAWN_WITH_A_UNIT = {"stat", "table", "timeseries", "gauge"}
each_dashboard = pytest.mark.parametrize("path", DASHBOARDS, ids=lambda path: path.stem)


def variable(path: Path, name: str) -> dict[str, Any]:
    (found,) = (each for each in dashboard(path)["templating"]["list"] if each["name"] == name)
    return dict(found)


def targets(path: Path) -> list[tuple[str, str]]:
    return [(panel["title"], target["expr"]) for panel in panels(path) for target in panel["targets"]]


@each_dashboard
def test_template_datasource_rule(path: Path) -> None:
    source = variable(path, "datasource")
    assert (source["type"], source["query"], source["label"]) == ("datasource", "prometheus", "Data source")


@each_dashboard
def test_template_job_rule(path: Path) -> None:
    job = variable(path, "job")
    every = ".*" if path.stem == "from-the-logs" else ".+"  # as .lint says
    assert (job["type"], job["label"], job["multi"], job["allValue"]) == ("query", "Job", True, every)
    assert job["datasource"]["uid"] == "${datasource}"


@each_dashboard
def test_template_on_time_change_reload_rule(path: Path) -> None:
    queries = [each for each in dashboard(path)["templating"]["list"] if each["type"] == "query"]
    assert {each["name"]: each["refresh"] for each in queries} == {"job": 2, "run": 2}


@each_dashboard
def test_template_label_promql_rule(path: Path) -> None:
    for name in ("job", "run"):
        assert re.fullmatch(rf"label_values\(\{{.+\}}, {name}\)", variable(path, name)["query"])


@each_dashboard
def test_uneditable_dashboard_rule(path: Path) -> None:
    assert dashboard(path)["editable"] is False


@each_dashboard
def test_panel_datasource_rule(path: Path) -> None:
    for panel in panels(path):
        for each in (panel, *panel["targets"]):
            assert each["datasource"] == {"type": "prometheus", "uid": "${datasource}"}, panel["title"]


@each_dashboard
def test_panel_title_description_rule(path: Path) -> None:
    assert [panel["title"] for panel in panels(path) if not (panel["title"] and panel["description"])] == []


@each_dashboard
def test_panel_units_rule(path: Path) -> None:
    drawn = [panel for panel in panels(path) if panel["type"] in DRAWN_WITH_A_UNIT]
    units = {panel["title"]: panel["fieldConfig"]["defaults"].get("unit") for panel in drawn}
    assert {title: unit for title, unit in units.items() if unit not in UNITS} == {}


@each_dashboard
def test_target_job_rule_and_the_same_for_the_run(path: Path) -> None:
    for title, expr in targets(path):
        selectors = re.findall(r"estorm_\w+\{([^}]*)\}", expr)
        assert selectors, title
        assert len(selectors) == len(re.findall(r"estorm_\w+", expr)), title
        assert all('job=~"$job"' in each and 'run=~"$run"' in each for each in selectors), title


@each_dashboard
def test_target_rate_interval_rule(path: Path) -> None:
    for title, expr in targets(path):
        for function, window in re.findall(r"(\w+)\([^()]*\[([^\]]+)\]", expr):
            allowed = {"rate": {"$__rate_interval"}, "increase": {"$__rate_interval", "$__range"}}
            assert window in allowed.get(function, {"$__range"}), (title, function, window)


@each_dashboard
def test_target_counter_agg_rule(path: Path) -> None:
    for title, expr in targets(path):
        for before in re.findall(r"(\w+)\(estorm_\w+_total\{", expr):
            assert before in {"rate", "increase"}, title
        assert len(re.findall(r"_total\{", expr)) == len(
            re.findall(r"(?:rate|increase)\(estorm_\w+_total\{", expr)
        )


@each_dashboard
def test_a_histograms_buckets_keep_their_edge_to_the_quantile(path: Path) -> None:
    for title, expr in targets(path):
        for inner in re.findall(r"histogram_quantile\([\d.]+, sum by \(([^)]*)\)", expr):
            assert "le" in inner.split(", "), title


def test_what_the_linter_is_told_to_leave_out_has_its_reason() -> None:
    excluded = yaml.safe_load((GRAFANA / "dashboards" / ".lint").read_text())["exclusions"]
    assert set(excluded) == {"template-instance-rule", "target-instance-rule", "template-job-rule"}
    assert all(each["reason"] for each in excluded.values())


def test_every_dashboard_has_its_own_uid() -> None:
    uids = [dashboard(path)["uid"] for path in DASHBOARDS]
    assert len(set(uids)) == len(uids)
