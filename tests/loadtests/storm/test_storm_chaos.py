"""A storm on a chain that can be broken, and somebody who breaks it from outside meanwhile."""

import json
from pathlib import Path

import pytest

from chaos.endpoints import ChainSystem, read_endpoints
from tests.processes import await_file, running_estorm, wait_until

pytestmark = pytest.mark.long

STORM = """
seed = 7
[phones]
key = "p-256"
count = 60
read_timeout_seconds = 5
[phones.retry]
attempts = 4
spacing_seconds = 2
[arrivals]
rate_per_second = 15.0
[slo]
rules = ["enrolled_share >= 100%"]
[chaos]
"""


def test_phones_enroll_again_once_the_ca_that_was_killed_is_back(tmp_path: Path) -> None:
    (tmp_path / "storm.toml").write_text(STORM)
    arguments = ("storm", "storm.toml", "--out", "run", "--endpoints", "chain.json")
    with running_estorm(*arguments, cwd=tmp_path) as process:
        await_file(tmp_path / "chain.json", process)
        with ChainSystem(read_endpoints(tmp_path / "chain.json")) as system:
            pid = system.control.part("ca").pid
            assert wait_until(lambda: attempts(tmp_path / "run") > 10)
            system.control.kill("ca")
            down_at = attempts(tmp_path / "run")
            assert wait_until(lambda: attempts(tmp_path / "run") > down_at + 10)
            assert system.control.restart("ca").pid != pid
            assert {each.proxy for each in system.proxies.faults().connections} == {"phone-ra", "ra-ca"}
        said, complaint = process.communicate(timeout=60)
    assert process.returncode == 0, said + complaint
    summary = json.loads((tmp_path / "run" / "summary.json").read_text())
    assert summary["phones"]["enrolled"] == 60
    assert (summary["run"]["dead_parts"], summary["run"]["incidents"]) == ([], [])
    assert attempts(tmp_path / "run") > 60


def attempts(run: Path) -> int:
    """How many have ended so far."""
    return sum(path.read_bytes().count(b"\n") for path in run.glob("attempts-*.jsonl"))
