"""`estorm chaos` as users type it, and Chaos Toolkit's own command with the same documents."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from chaos.registry import faults
from loadtests.experiments.document import find, names
from tests.processes import run_estorm

pytestmark = pytest.mark.long


def test_list_tells_every_fault_and_experiment(tmp_path: Path) -> None:
    done = run_estorm("chaos", "list", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert [name for name in (*faults(), *names()) if name not in done.stdout] == []


def test_list_tells_programs_parameters_and_evidence(tmp_path: Path) -> None:
    done = run_estorm("chaos", "list", "--json", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    found = json.loads(done.stdout)
    assert [fault["name"] for fault in found["faults"]] == list(faults())
    assert [experiment["name"] for experiment in found["experiments"]] == names()
    skew = next(fault for fault in found["faults"] if fault["name"] == "clock.skew")
    offset = next(one for one in skew["parameters"] if one["name"] == "offset_seconds")
    assert (offset["default"], offset["unit"], offset["required"]) == (-86400.0, "seconds", False)
    assert skew["evidence"][0]["log"] == "nginx_error"
    wave = next(experiment for experiment in found["experiments"] if experiment["name"] == "retry-wave")
    assert wave["parameters"]["outage_seconds"]["default"] == 60
    assert all(experiment["evidence"] for experiment in found["experiments"])


@pytest.mark.parametrize("command", ["run", "verify"])
def test_a_broken_experiment_is_one_line_that_names_the_field(tmp_path: Path, command: str) -> None:
    broken = find("ca-slow-at-login").read_text().replace("stage: login", "stages: login")
    (tmp_path / "mine.yaml").write_text(broken)
    done = run_estorm("chaos", command, "mine.yaml", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("estorm: mine.yaml, method")
    assert "unknown key `stages`" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["mine.yaml"]


def test_a_schedule_that_makes_no_sense_stops_a_storm_before_it_begins(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text('[[chaos.schedule]]\nfault = { fault = "ca.hang" }\n')
    done = run_estorm("storm", "mine.toml", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "estorm: chaos.schedule entry 1: one of `at` and `during` is missing\n"


def test_an_unknown_experiment_is_refused_with_those_that_are(tmp_path: Path) -> None:
    done = run_estorm("chaos", "run", "nonsense", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "there is no experiment and no file 'nonsense'; there are ca-name-unknown, " in done.stderr


def test_an_experiment_does_not_begin_in_a_folder_that_holds_something(tmp_path: Path) -> None:
    done = run_estorm("chaos", "run", "ca-name-unknown", "--out", str(Path(__file__).parent), cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "is not empty; name another with --out" in done.stderr


def test_an_experiment_is_run_and_leaves_its_journal(tmp_path: Path) -> None:
    done = run_estorm("chaos", "run", "ca-name-unknown", "--out", "run", "--seed", "9", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith("seed 9, run folder run\n")
    assert "completed; steady state before and after: met" in done.stdout
    assert "fault start: dns.nxdomain" in done.stderr
    journal = json.loads((tmp_path / "run" / "journal.json").read_text())
    assert (journal["status"], journal["deviated"]) == ("completed", False)
    summary = json.loads((tmp_path / "run" / "summary.json").read_text())
    assert summary["seed"] == 9
    assert [fault["name"] for fault in summary["faults"]] == ["dns.nxdomain#0"]
    assert 'id="faults"' in (tmp_path / "run" / "report.html").read_text()


def test_an_experiment_is_verified_against_its_control(tmp_path: Path) -> None:
    done = run_estorm("chaos", "verify", "ca-name-unknown", "--out", "runs", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1] == "verified"
    assert done.stdout.startswith("seed 1, run folder runs\n")
    control, experiment = done.stderr.index("the control, without"), done.stderr.index("\nthe experiment\n")
    assert control < experiment < done.stderr.index("fault start")
    rows = [line for line in done.stdout.splitlines() if "nginx_error" in line or "capf" in line]
    assert len(rows) == 3
    assert all(line.rstrip("│ ").endswith("ok") for line in rows)
    for run in ("experiment", "control"):
        journal = json.loads((tmp_path / "runs" / run / "journal.json").read_text())
        assert (journal["status"], journal["deviated"], len(journal["rollbacks"])) == ("completed", False, 1)


def test_chaos_toolkits_own_command_runs_the_same_document(tmp_path: Path) -> None:
    chaos = shutil.which("chaos", path=str(Path(sys.executable).parent))
    assert chaos is not None
    command = [chaos, "--no-version-check", "run", str(find("ca-name-unknown"))]
    done = subprocess.run(
        command, cwd=tmp_path, env=os.environ, capture_output=True, text=True, check=False, timeout=110
    )
    assert done.returncode == 0, done.stdout + done.stderr
    journal = json.loads((tmp_path / "journal.json").read_text())
    assert (journal["status"], journal["deviated"]) == ("completed", False)
    [folder] = (tmp_path / "runs").iterdir()
    assert (folder / "journal.json").exists()
    assert (folder / "summary.json").exists()


def test_an_experiment_that_cannot_recover_is_not_good(tmp_path: Path) -> None:
    lasting = find("ca-name-unknown").read_text().replace(", seconds: 1.5", "")
    (tmp_path / "lasting.yaml").write_text(lasting)
    done = run_estorm("chaos", "run", "lasting.yaml", "--out", "run", cwd=tmp_path)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "steady state before and after: NOT met" in done.stdout
    journal = json.loads((tmp_path / "run" / "journal.json").read_text())
    assert journal["deviated"]
    assert len(journal["rollbacks"]) == 1
