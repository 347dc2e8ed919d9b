"""The load generator as a storm runs it: several processes, requests made before, one process lost."""

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from chaos.process import kill
from loadtests.results.journal import JournalReader
from tests.processes import command_line, family_of, run_estorm, running_estorm, wait_until

pytestmark = pytest.mark.long

TWO = """
name = "two"
seed = 7
[phones]
key = "p-256"
count = 40
[arrivals]
shape = "poisson"
rate_per_second = 20.0
[generator]
processes = 2
quick_ack = true
[slo]
rules = []
"""


def summary_of(run: Path) -> dict[str, Any]:
    summary: dict[str, Any] = json.loads((run / "summary.json").read_text())
    return summary


def workers_heard_of(run: Path) -> set[int]:
    return {attempt.worker for attempt in JournalReader(run).new()}


def test_two_processes_enroll_the_fleet_on_one_schedule(tmp_path: Path) -> None:
    (tmp_path / "two.toml").write_text(TWO)
    done = run_estorm("storm", "two.toml", "--out", "run", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    summary = summary_of(tmp_path / "run")
    assert summary["phones"]["enrolled"] == 40
    assert summary["orphans"] == 0
    arrivals = summary["arrivals"]
    assert (arrivals["workload"], arrivals["shape"], arrivals["dropped"]) == ("open", "poisson", 0)
    assert arrivals["started_rate"] == pytest.approx(arrivals["intended_rate"], rel=0.05)
    workers = summary["generator"]["workers"]
    assert [(each["number"], each["phones"], each["lost"]) for each in workers] == [(0, 20, 0), (1, 20, 0)]
    assert all(abs(each["clock_ahead_seconds"]) < 2 for each in workers)
    merged, exact = summary["histogram_seconds"], summary["latency_from_intended_start_seconds"]
    assert merged["latency_from_intended_start"]["count"] == 40
    assert merged["latency_from_intended_start"]["p99"] == pytest.approx(exact["p99"], rel=1e-3)
    assert "arrivals: open workload, poisson" in done.stdout


def test_a_lost_process_is_reported_with_its_phones_and_none_is_silently_dropped(tmp_path: Path) -> None:
    # The last phone is the second process's, and comes when that process is long lost.
    times = [*(number / 20 for number in range(39)), 3600]
    (tmp_path / "times.txt").write_text("\n".join(map(str, times)))
    recorded_arrivals = 'shape = "recorded"\nrecorded = { file = "times.txt" }'
    (tmp_path / "two.toml").write_text(
        TWO.replace('shape = "poisson"\nrate_per_second = 20.0', recorded_arrivals)
    )
    run = tmp_path / "run"
    with running_estorm("storm", "two.toml", "--out", "run", cwd=tmp_path) as storm:
        assert wait_until(lambda: storm.poll() is not None or workers_heard_of(run) == {0, 1}, 60)
        assert storm.poll() is None, storm.communicate()
        journal = str((run / "attempts-1.jsonl").resolve())
        workers = [each for each in family_of(storm.pid) if "locust" in command_line(each)]
        (second,) = [each for each in workers if journal in {file.path for file in each.open_files()}]
        kill(second.pid)
        output, _ = storm.communicate(timeout=60)
    summary = summary_of(run)
    phones = summary["phones"]
    (lost,) = [each for each in summary["generator"]["workers"] if each["lost"]]
    assert phones["enrolled"] + phones["failed"] + phones["dropped"] == phones["intended"]
    assert phones["dropped"] == lost["lost"] == summary["arrivals"]["dropped"] > 0
    assert lost["number"] == 1
    assert f"generator process 1 was lost with {lost['lost']} of its 20 phones" in output
    recorded = pl.read_parquet(run / "enrollments.parquet").filter(pl.col("worker") == 1)
    assert recorded.height + lost["lost"] == 20


OTHERWISE = """
name = "otherwise"
seed = 7
[phones]
key = "p-256"
count = 10
[arrivals]
closed_phones = 2
[generator]
tls = "python"
prepare_requests = false
[slo]
rules = []
"""


def test_a_closed_workload_is_called_one_and_the_load_can_be_made_in_other_ways(tmp_path: Path) -> None:
    (tmp_path / "otherwise.toml").write_text(OTHERWISE)
    done = run_estorm("storm", "otherwise.toml", "--out", "run", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "closed workload" in done.stdout
    assert "closed workload" in (tmp_path / "run" / "report.html").read_text()
    summary = summary_of(tmp_path / "run")
    assert summary["arrivals"]["workload"] == "closed"
    assert summary["phones"]["enrolled"] == 10
