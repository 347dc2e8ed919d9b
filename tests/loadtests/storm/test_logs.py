"""The logs that a storm leaves say what the storm itself counted."""

import json
import re
from pathlib import Path

import pytest

from tests.processes import run_estorm

pytestmark = pytest.mark.long

PHONES = 20
SMALL = f"""
[phones]
key = "p-256"
count = {PHONES}
[arrivals]
rate_per_second = 20
"""


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A storm's run folder and, in it, what its logs come to."""
    folder = tmp_path_factory.mktemp("night")
    (folder / "small.toml").write_text(SMALL)
    storm = run_estorm("storm", "small.toml", "--out", "run", cwd=folder)
    assert storm.returncode == 0, storm.stderr
    filled = run_estorm("logs", "backfill", "run/logs", "--out", "run/logs.om", cwd=folder)
    assert filled.returncode == 0, filled.stderr
    return folder / "run"


def last_values(text: str) -> dict[str, float]:
    found = re.findall(r"^estorm_(\S+) (\S+) \d+$", text, re.MULTILINE)
    return {name: float(value) for name, value in found}


def test_the_logs_and_the_summary_count_the_same(night: Path) -> None:
    values = last_values((night / "logs.om").read_text())
    enrolled = json.loads((night / "summary.json").read_text())["phones"]["enrolled"]
    assert enrolled == PHONES
    for name in (
        'enrollments_started_total{operation=""}',
        'enrollments_succeeded_total{operation=""}',
        'enrollment_service_seconds_count{operation="",outcome="enrolled"}',
        'ra_requests_total{operation="simpleenroll",status="200"}',
        'ra_calls_total{stage="submit",outcome="good"}',
        'ca_requests_total{stage="submit",status="200"}',
        'ca_response_seconds_count{stage="form"}',
    ):
        assert values[name] == enrolled, name


def test_every_line_of_our_own_logs_can_be_read(night: Path) -> None:
    values = last_values((night / "logs.om").read_text())
    assert not any("unreadable" in name for name in values)
    logs = {"capf": "capf.log", "nginx": "nginx_error.log", "ces": "ciscora.log"}
    for log, name in logs.items():
        lines = (night / "logs" / name).read_bytes().count(b"\n")
        assert values[f'log_lines_total{{log="{log}"}}'] == lines


def test_no_phone_is_named(night: Path) -> None:
    assert "SEP" in (night / "logs" / "capf.log").read_text()
    assert "SEP" not in (night / "logs.om").read_text()
