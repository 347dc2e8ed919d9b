"""Storms, whole: run as users run them, on a lab of their own."""

import json
import signal
import sqlite3
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from chaos.process import kill
from tests.processes import all_gone, command_line, family_of, run_estorm, running_estorm, wait_until

pytestmark = pytest.mark.long

SMALL = """
name = "small"
seed = 7
[phones]
key = "p-256"
count = 20
[arrivals]
rate_per_second = 20.0
[slo]
rules = ["enrolled_share >= 100%", "orphans == 0"]
"""


def summary_of(run: Path) -> dict[str, Any]:
    summary: dict[str, Any] = json.loads((run / "summary.json").read_text())
    return summary


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run folder of a small storm that went well."""
    directory = tmp_path_factory.mktemp("storm")
    (directory / "small.toml").write_text(SMALL)
    done = run_estorm("storm", "small.toml", "--out", "run", cwd=directory)
    assert done.returncode == 0, done.stdout + done.stderr
    return directory / "run"


def test_every_phone_enrolls_and_no_certificate_is_orphaned(finished: Path) -> None:
    summary = summary_of(finished)
    assert summary["phones"] == {"intended": 20, "enrolled": 20, "failed": 0, "dropped": 0}
    assert summary["orphans"] == 0
    assert summary["outcomes"] == {"EST_ERR_NONE": 20}
    assert summary["slo"]["met"] is True


def test_the_serial_numbers_of_the_phones_are_those_in_the_cas_database(finished: Path) -> None:
    held = set(pl.read_parquet(finished / "enrollments.parquet")["serial"])
    with sqlite3.connect(finished / "ca.sqlite") as database:
        issued = {row[0] for row in database.execute("SELECT serial FROM requests WHERE serial IS NOT NULL")}
    assert held == issued
    assert len(held) == 20


def test_every_process_used_cpu_and_is_accounted_for(finished: Path) -> None:
    spent = summary_of(finished)["cpu_seconds"]
    assert spent.pop("ra_front") is None, "there is no NGINX in front of this RA"
    assert all(seconds > 0 for seconds in spent.values())


def test_the_four_logs_are_there_and_the_report_too(finished: Path) -> None:
    logs = {path.name for path in (finished / "logs").iterdir()}
    assert logs >= {"capf.log", "ciscora.log", "nginx_error.log"}
    assert any(name.startswith("u_ex") for name in logs)
    assert (finished / "report.html").stat().st_size > 10_000


def test_phones_get_the_right_errors_and_the_run_ends_when_the_ca_is_killed(tmp_path: Path) -> None:
    (tmp_path / "small.toml").write_text(SMALL.replace("count = 20", "count = 100"))
    run = tmp_path / "run"
    with running_estorm("storm", "small.toml", "--out", str(run), cwd=tmp_path) as process:
        assert wait_until(lambda: list(run.glob("attempts-*.jsonl")) and journal_lines(run) >= 20, 60)
        children = family_of(process.pid)
        ca = next(child for child in children if "testbed.ca" in command_line(child))
        kill(ca.pid)
        output, _ = process.communicate(timeout=60)
    summary = summary_of(run)
    assert process.returncode == 1
    assert "the ca ended by itself (SIGKILL)" in output
    assert summary["phones"]["enrolled"] >= 20
    assert summary["phones"]["failed"] >= 20
    assert summary["phones"]["dropped"] == 0
    assert set(summary["outcomes"]) <= {"EST_ERR_NONE", "EST_ERR_AUTH_FAIL", "EST_ERR_UNKNOWN"}
    assert summary["run"]["dead_parts"][0]["part"] == "ca"
    assert "return code 7" in (run / "logs" / "nginx_error.log").read_text()
    assert (run / "report.html").exists()
    assert all_gone(children)


def journal_lines(run: Path) -> int:
    return sum(path.read_bytes().count(b"\n") for path in run.glob("attempts-*.jsonl"))


def test_an_interrupted_storm_reports_what_happened_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "small.toml").write_text(SMALL.replace("count = 20", "count = 1000"))
    run = tmp_path / "run"
    with running_estorm("storm", "small.toml", "--out", str(run), cwd=tmp_path) as process:
        assert wait_until(lambda: list(run.glob("attempts-*.jsonl")) and journal_lines(run) >= 5, 60)
        children = family_of(process.pid)
        process.send_signal(signal.SIGINT)
        said, _ = process.communicate(timeout=60)
    phones = summary_of(run)["phones"]
    assert process.returncode == 130
    assert said.splitlines()[-1] == "go on with: estorm storm --resume run"
    assert phones["enrolled"] >= 5
    assert phones["dropped"] == 1000 - phones["enrolled"] - phones["failed"]
    assert phones["dropped"] > 0
    assert all_gone(children)


def test_a_storm_that_is_interrupted_before_its_phones_start_says_how_to_go_on(tmp_path: Path) -> None:
    (tmp_path / "small.toml").write_text(SMALL)
    run = tmp_path / "run"
    with running_estorm("storm", "small.toml", "--out", str(run), cwd=tmp_path) as process:
        assert wait_until((run / "capf.sqlite").exists, 60)
        process.send_signal(signal.SIGINT)
        said, complaints = process.communicate(timeout=60)
    assert process.returncode == 130
    assert said.splitlines()[-1] == "go on with: estorm storm --resume run"
    assert "Traceback" not in complaints
