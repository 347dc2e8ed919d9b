"""Storms that are killed, resumed, renewed and retried: run as users run them, on a lab of their own."""

import itertools
import json
import sqlite3
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from loadtests.results.journal import Attempt, JournalReader
from tests.processes import all_gone, command_line, family_of, run_estorm, running_estorm, wait_until

pytestmark = pytest.mark.long

SCENARIO = """
name = "resumed"
seed = 7
[phones]
key = "p-256"
count = {count}
{phones}
[arrivals]
rate_per_second = 25.0
[slo]
rules = ["enrolled_share >= 100%"]
"""


def write_scenario(directory: Path, count: int, phones: str = "", more: str = "") -> None:
    (directory / "s.toml").write_text(SCENARIO.format(count=count, phones=phones) + more)


def summary_of(run: Path) -> dict[str, Any]:
    summary: dict[str, Any] = json.loads((run / "summary.json").read_text())
    return summary


def attempts(run: Path) -> list[Attempt]:
    return list(JournalReader(run).new())


def rows(database: Path, query: str) -> list[Any]:
    connection = sqlite3.connect(database)
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()


def kill_supervisor(supervisor: psutil.Process) -> None:
    supervisor.kill()


def kill_generator(supervisor: psutil.Process) -> None:
    next(child for child in supervisor.children() if "locust" in command_line(child)).kill()


@pytest.mark.parametrize(("kill", "processes"), [(kill_generator, 1), (kill_supervisor, 2)])
def test_a_killed_storm_goes_on_and_enrolls_no_phone_twice(
    kill: Callable[[psutil.Process], None], processes: int, tmp_path: Path
) -> None:
    # The lab dies with its supervisor, a moment before all workers do: a phone of that moment tries again.
    retry = "retry = { attempts = 2, spacing_seconds = 0.5 }"
    write_scenario(tmp_path, 100, retry, f"[generator]\nprocesses = {processes}\n")
    run = tmp_path / "run"
    with running_estorm("storm", "s.toml", "--out", "run", cwd=tmp_path) as process:
        assert wait_until(lambda: len(attempts(run)) >= 20, 60)
        children = family_of(process.pid)
        kill(psutil.Process(process.pid))
        process.communicate(timeout=60)
        assert all_gone(children)
    before = [attempt for attempt in attempts(run) if attempt.enrolled]
    assert 20 <= len(before) < 100
    done = run_estorm("storm", "--resume", "run", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "resumed after it had ended early" in done.stdout
    enrolled = Counter(attempt.phone for attempt in attempts(run) if attempt.enrolled)
    assert set(enrolled.values()) == {1}
    assert len(enrolled) == 100
    assert {attempt.phone for attempt in before} < set(enrolled)
    summary = summary_of(run)
    assert summary["phones"] == {"intended": 100, "enrolled": 100, "failed": 0, "dropped": 0}
    assert summary["seed"] == 7
    held = rows(run / "capf.sqlite", "SELECT serial FROM device WHERE lsc IS NOT NULL AND csr IS NULL")
    issued = rows(run / "ca.sqlite", "SELECT serial FROM requests WHERE serial IS NOT NULL")
    assert len(held) == 100
    assert set(held) <= set(issued)
    assert summary["orphans"] == len(issued) - 100
    assert not (run / "keys").exists()
    assert not list(run.glob("*.spool"))
    refused = run_estorm("storm", "--resume", "run", cwd=tmp_path)
    assert refused.returncode == 2
    assert "has enrolled or is out of tries" in refused.stderr


def test_a_resume_takes_nothing_else_along(tmp_path: Path) -> None:
    refused = run_estorm("storm", "--resume", "run", "--phones", "3", cwd=tmp_path)
    assert refused.returncode == 2
    assert "leave the other options out" in refused.stderr


def test_the_phones_of_a_run_that_kept_its_keys_renew_with_nothing_but_their_lscs(tmp_path: Path) -> None:
    write_scenario(tmp_path, 12)
    first = run_estorm("storm", "s.toml", "--out", "first", "--keep-keys", cwd=tmp_path)
    assert first.returncode == 0, first.stderr
    connection = sqlite3.connect(tmp_path / "first" / "capf.sqlite")
    with connection:  # phones that never enrolled, one of them the first
        connection.execute("UPDATE device SET lsc = NULL WHERE phone_index IN (0, 5)")
    connection.close()
    write_scenario(tmp_path, 12, more='[ra.est]\nauthentication = "certificate"\n')
    done = run_estorm("storm", "s.toml", "--renew", "first", "--out", "second", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    query = "SELECT phone_index, name FROM device WHERE lsc IS NOT NULL"
    names = {run: rows(tmp_path / run / "capf.sqlite", query) for run in ("first", "second")}
    assert len(names["first"]) == 10
    assert names["first"] == names["second"]
    assert {attempt.operation for attempt in attempts(tmp_path / "second")} == {"renew"}
    log = (tmp_path / "second" / "logs" / "nginx_error.log").read_text()
    assert log.count("POST /.well-known/est/simplereenroll") >= 10


def test_failed_phones_try_again_and_each_try_is_on_record(tmp_path: Path) -> None:
    phones = "retry = { attempts = 3, spacing_seconds = 0.5 }"
    write_scenario(tmp_path, 5, phones, '[ra]\ntemplate = "Misspelt"\n')
    done = run_estorm("storm", "s.toml", "--out", "run", cwd=tmp_path)
    assert done.returncode == 1, done.stdout + done.stderr
    made = sorted(attempts(tmp_path / "run"), key=lambda attempt: (attempt.index, attempt.attempt))
    assert Counter(attempt.attempt for attempt in made) == {1: 5, 2: 5, 3: 5}
    for one, two in itertools.pairwise(made):
        if one.index == two.index:
            assert two.intended_start - one.done == pytest.approx(0.5, abs=1e-5)
    assert summary_of(tmp_path / "run")["phones"] == {
        "intended": 5, "enrolled": 0, "failed": 5, "dropped": 0,
    }  # fmt: skip
    query = "SELECT DISTINCT operation, operation_status, attempts, csr IS NULL FROM device"
    assert rows(tmp_path / "run" / "capf.sqlite", query) == [
        ("OPERATION_NONE", "CERT_STATUS_UPGRADE_FAILED", 3, 0)
    ]


def test_phones_past_their_deadline_do_not_start_and_are_reported(tmp_path: Path) -> None:
    write_scenario(tmp_path, 200, "finish_within_seconds = 6")
    done = run_estorm("storm", "s.toml", "--out", "run", cwd=tmp_path)
    assert done.returncode == 1, done.stdout + done.stderr
    phones = summary_of(tmp_path / "run")["phones"]
    assert phones["dropped"] > 0
    assert phones["enrolled"] + phones["dropped"] == 200
    assert f"{phones['dropped']} phones were past their finish-by deadline and did not start" in done.stdout
