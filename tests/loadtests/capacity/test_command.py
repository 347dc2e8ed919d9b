"""`estorm capacity`, as users run it: a short search on labs, one that is interrupted, and bad input."""

import json
import signal
from pathlib import Path
from typing import Any

import pytest

from loadtests.planning.basis import read_basis
from tests.processes import all_gone, family_of, run_estorm, running_estorm, wait_until

pytestmark = pytest.mark.long

# One worker of the RA, which signing holds for 0.4 s: 2.5 a second at most, wherever this runs.
SCENARIO = """
name = "one-worker"
seed = 7
[phones]
key = "p-256"
[slo]
rules = ["latency_p50_seconds <= 4s"]
[ra.workers]
model = "blocking"
processes = 1
[ca.capacity]
signing = { kind = "constant", seconds = 0.4 }
"""


def answer(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "capacity.json").read_text())
    return found


def test_a_search_that_is_interrupted_leaves_its_trials_and_nothing_running_and_goes_on(
    tmp_path: Path,
) -> None:
    (tmp_path / "one.toml").write_text(SCENARIO)
    run = tmp_path / "run"
    options = ("one.toml", "--out", "run", "--time-budget", "100s", "--first-rate", "8", "--no-models")
    with running_estorm("capacity", *options, cwd=tmp_path) as process:
        assert wait_until(lambda: (run / "trials.jsonl").exists() or process.poll() is not None, 60)
        assert wait_until(lambda: len(family_of(process.pid)) > 2 or process.poll() is not None, 60)
        children = family_of(process.pid)
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=60)
    assert process.returncode == 130, output
    assert "--resume" in output
    assert all_gone(children)
    begun = answer(run)
    assert begun["interrupted"]
    assert begun["trials"][0]["plan"]["step"] == "baseline"
    assert read_basis(run, None).model.overheads.ra_cpu_seconds > 0
    spent = sum(trial["took_seconds"] for trial in begun["trials"])
    done = run_estorm("capacity", "--resume", "run", "--time-budget", f"{spent + 12:.0f}s", cwd=tmp_path)
    ended = answer(run)
    assert done.returncode == (0 if ended["sustainable_rate_per_second"] else 1), done.stdout + done.stderr
    assert ended["trials"][: len(begun["trials"])] == begun["trials"]
    assert len(ended["trials"]) > len(begun["trials"])
    assert "what gives first" in done.stdout or "no limit" in done.stdout
    assert not (run / "trials" / "keys").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--slo", "latency_p99 <= 5"], "no metric 'latency_p99'"),
        (["--resume", "nowhere"], "not a search to resume"),
        (["--target", "https://127.0.0.1:1"], "--trust-anchor"),
    ],
)
def test_bad_usage_is_one_line(arguments: list[str], said: str, tmp_path: Path) -> None:
    done = run_estorm("capacity", *arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert said in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "runs").exists()
