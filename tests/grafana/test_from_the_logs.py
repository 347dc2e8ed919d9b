"""The logs of a storm with faults, backfilled into a real Prometheus, under the dashboard for production."""

import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from exporters.targets import listed
from loadtests.results import summary
from loadtests.results.journal import JournalReader
from loadtests.swarm.metering import failure_of
from tests.grafana import expressions
from tests.grafana.expressions import GRAFANA, Expression
from tests.processes import announced, running_estorm
from tests.prometheus import Prometheus, needs_prometheus, reopened

pytestmark = [pytest.mark.long, needs_prometheus]
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
# No log says of what CAPF, CES and IIS could not know.
WITHOUT_DATA = {r"annotation Faults$": "logs do not know of faults"}
DAMAGED = b'\xff\xfe"} 1 SEP74A02FC0A675 secret\r\n'
STAGES = ("login", "form", "submit", "download")


@dataclass(frozen=True)
class Logged:
    folder: Path
    prometheus: Prometheus
    begin: float
    end: float
    """The storm's end: what was read back then is the backfill's."""
    live: float
    """A moment at which the logs were followed."""


@pytest.fixture(scope="module")
def logged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Logged]:
    directory = tmp_path_factory.mktemp("logged")
    scenario, folder, metrics = directory / "logged.toml", directory / "run", directory / "metrics.txt"
    scenario.write_text(SCENARIO)
    run(ESTORM, "storm", scenario, "--out", folder)
    logs = [folder / "logs" / name for name in ("capf.log", "ciscora.log", "nginx_error.log")]
    logs += (folder / "logs").glob("u_ex*.log")
    for log in logs:
        with log.open("ab") as file:
            file.write(DAMAGED)
    run(ESTORM, "logs", "backfill", *logs, "--step", "1", "--capf-timer", "1.5", "--out", metrics)
    run("promtool", "tsdb", "create-blocks-from", "openmetrics", metrics, directory / "prometheus" / "data")
    told = summary.read(folder / "summary.json").run
    # The same logs live too: a backfill has no gauges.
    with (
        running_estorm(
            "logs", "serve", *map(str, logs), "--from-start", "--listen", "0", cwd=directory
        ) as live,
        listed(directory / "targets-logs.json", {"estorm-logs": announced(live)}, {}),
        reopened(directory / "prometheus", directory) as prometheus,
    ):
        # Gauges are set when all has been read; the test's timeout bounds it.
        while not prometheus.ask("sum(estorm_log_files) == 4 and sum(estorm_log_unread_bytes) == 0"):
            time.sleep(0.2)
        begin, end = told.started.timestamp(), told.ended.timestamp() + 1
        yield Logged(folder, prometheus, begin, end, time.time() + 1)


def run(*command: object) -> None:
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, check=False, timeout=100)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("expression", EXPRESSIONS, ids=lambda each: each.where)
def test_every_expression_returns_data_or_its_reason_is_listed(
    logged: Logged, expression: Expression
) -> None:
    found = logged.prometheus.drawn(expression.filled(), logged.begin, logged.live)
    why = next((why for where, why in WITHOUT_DATA.items() if re.search(where, expression.where)), None)
    assert bool(found) != bool(why), f"{expression.filled()}\n{why}"


def test_the_logs_tell_the_same_counts_as_the_summary(logged: Logged) -> None:
    told = summary.read(logged.folder / "summary.json").attempts
    ask = logged.prometheus
    assert ask.value("sum(estorm_enrollments_started_total)", logged.end) == told.total
    assert ask.value("sum(estorm_enrollments_succeeded_total)", logged.end) == told.enrolled
    assert ask.value("sum(estorm_enrollments_failed_total)", logged.end) == told.failed
    for name, count in told.outcomes.items():
        if name != "EST_ERR_NONE":
            failed = f'sum(estorm_enrollments_failed_total{{est_error="{name}"}})'
            assert ask.value(failed, logged.end) == count, name


def test_the_logs_tell_how_far_failed_enrollments_came_as_the_load_generator_does(logged: Logged) -> None:
    attempts = [each for each in JournalReader(logged.folder).new() if not each.enrolled]
    live = Counter(failure_of(each).stage for each in attempts)
    timeouts = Counter((failure_of(each).timer, failure_of(each).stage) for each in attempts)
    ask = logged.prometheus
    stages = ask.ask("sum by (stage) (estorm_enrollments_failed_total)", logged.end)
    assert {each.metric["stage"]: int(each.number) for each in stages} == live
    timed_out = ask.ask("sum by (timer, stage) (estorm_enrollment_timeouts_total)", logged.end)
    told = {(each.metric["timer"], each.metric["stage"]): int(each.number) for each in timed_out}
    assert told == {of: count for of, count in timeouts.items() if of[0]}
    assert told["read", "wait"] > 0


@pytest.mark.parametrize("stage", STAGES)
def test_every_call_of_the_ra_has_a_time(logged: Logged, stage: str) -> None:
    ask, of = logged.prometheus, f'{{stage="{stage}"}}'
    calls = ask.value(f"sum(estorm_ra_calls_total{of})", logged.end)
    # Of the login at the RA's start only the end is in the log.
    timed = calls - (stage == "login")
    assert ask.value(f"sum(estorm_ra_stage_seconds_count{of})", logged.end) == timed > 0
    # Whole seconds: the sum over all calls is off by as many at most.
    answers = f'sum(estorm_ca_response_seconds_sum{{stage="{stage}"}})'
    assert ask.value(f"sum(estorm_ra_stage_seconds_sum{of})", logged.end) == pytest.approx(
        ask.value(answers, logged.end), abs=calls
    )


def test_what_follows_the_logs_tells_what_the_backfill_does(logged: Logged) -> None:
    ask = logged.prometheus
    for name in ("estorm_enrollments_started_total", "estorm_ra_calls_total", "estorm_ca_requests_total"):
        followed = ask.value(f'sum({name}{{job="estorm-logs"}})', logged.live)
        assert followed == ask.value(f"sum({name})", logged.end) > 0, name


def test_no_label_holds_a_phone_or_a_word_of_a_damaged_line(logged: Logged) -> None:
    phones = {attempt.phone for attempt in JournalReader(logged.folder).new()}
    series = logged.prometheus.ask('last_over_time({__name__=~"estorm_.+"}[10m])', logged.live)
    assert {"estorm-logs", None} <= {each.metric.get("job") for each in series}
    assert phones
    for value in (value for each in series for value in each.metric.values()):
        assert value not in phones
        assert "SEP" not in value
        assert "secret" not in value
