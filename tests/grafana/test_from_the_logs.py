"""The logs of a storm with faults, backfilled into a real Prometheus, under the dashboard for production."""

import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from loadtests.results import summary
from tests.grafana import expressions
from tests.grafana.expressions import GRAFANA, Expression
from tests.prometheus import Prometheus, needs_prometheus, reopened

pytestmark = needs_prometheus
ESTORM = Path(sys.executable).with_name("estorm")
EXPRESSIONS = list(expressions.of_dashboard(GRAFANA / "dashboards" / "from-the-logs.json"))
SCENARIO = """
name = "logged"
seed = 3
[phones]
count = 60
key = "p-256"
read_timeout_seconds = 1.5
[arrivals]
rate_per_second = 20.0
[slo]
rules = []
[ra]
drain_seconds = 2.0
[ra.workers]
model = "async"
[ra.timers]
form_seconds = 0.5
[[ca.faults.faults]]
kind = "delay"
stage = "form"
seconds = 0.9
probability = 0.2
[[ca.faults.faults]]
kind = "delay"
stage = "submit"
seconds = 2.0
probability = 0.1
"""
WITHOUT_DATA = {
    r"Unreadable lines / A$|Log lines / B$": "every line of these logs is as it should be",
    r"Age of the last line / A$": "a backfill has no gauges",
    r"annotation Faults$": "logs do not know of faults",
}


@dataclass(frozen=True)
class Logged:
    folder: Path
    prometheus: Prometheus
    begin: float
    end: float


@pytest.fixture(scope="module")
def logged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Logged]:
    directory = tmp_path_factory.mktemp("logged")
    scenario, folder, metrics = directory / "logged.toml", directory / "run", directory / "metrics.txt"
    scenario.write_text(SCENARIO)
    run(ESTORM, "storm", scenario, "--out", folder)
    logs = [folder / "logs" / name for name in ("capf.log", "ciscora.log", "nginx_error.log")]
    logs += (folder / "logs").glob("u_ex*.log")
    run(ESTORM, "logs", "backfill", *logs, "--step", "1", "--capf-timer", "1.5", "--out", metrics)
    run("promtool", "tsdb", "create-blocks-from", "openmetrics", metrics, directory / "prometheus" / "data")
    told = summary.read(folder / "summary.json").run
    with reopened(directory / "prometheus", directory) as prometheus:
        yield Logged(folder, prometheus, told.started.timestamp(), told.ended.timestamp() + 1)


def run(*command: object) -> None:
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, check=False, timeout=100)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("expression", EXPRESSIONS, ids=lambda each: each.where)
def test_every_expression_returns_data_or_its_reason_is_listed(
    logged: Logged, expression: Expression
) -> None:
    found = logged.prometheus.drawn(expression.filled(), logged.begin, logged.end)
    why = next((why for where, why in WITHOUT_DATA.items() if re.search(where, expression.where)), None)
    assert bool(found) != bool(why), f"{expression.filled()}\n{why}"


def test_the_logs_tell_the_same_counts_as_the_summary(logged: Logged) -> None:
    told = summary.read(logged.folder / "summary.json").attempts
    ask = logged.prometheus
    assert ask.value("sum(estorm_enrollments_started_total)", logged.end) == told.total
    assert ask.value("sum(estorm_enrollments_succeeded_total)", logged.end) == told.enrolled
    assert ask.value("sum(estorm_enrollments_failed_total)", logged.end) == told.failed
