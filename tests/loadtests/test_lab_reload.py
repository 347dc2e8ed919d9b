"""`estorm lab` and SIGHUP."""

import signal
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.processes import running_estorm

SCENARIO = """
[ca]
template = "{template}"
[ra]
template = "{template}"
realm = "{realm}"
"""


@pytest.fixture
def scenario(tmp_path: Path) -> Path:
    path = tmp_path / "lab.toml"
    path.write_text(SCENARIO.format(template="CiscoRA", realm="first"))
    return path


@pytest.fixture
def lab(scenario: Path, tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    with running_estorm("lab", str(scenario), cwd=tmp_path) as process:
        yield process
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=20)


def said(process: subprocess.Popen[str], until: str) -> list[str]:
    lines: list[str] = []
    assert process.stdout is not None
    while not lines or not lines[-1].startswith(until):
        lines.append(process.stdout.readline())
        assert lines[-1], lines
    return lines


def challenge(table: list[str]) -> str:
    """The realm that the RA names to a client without a password."""
    words = dict(line.split(maxsplit=1) for line in table if len(line.split()) == 2)
    trust = ssl.create_default_context(cafile=words["trust_anchor"].strip())
    answer = httpx.post(
        f"{words['ra'].strip()}/simpleenroll", verify=trust, content=b"MAA=\n",
        headers={"Content-Type": "application/pkcs10"},
    )  # fmt: skip
    return answer.headers["www-authenticate"]


def test_sighup_has_both_parts_go_on_with_the_scenario_as_it_is_now(
    lab: subprocess.Popen[str], scenario: Path
) -> None:
    table = said(lab, "logs")
    assert challenge(table) == 'Basic realm="first"'
    scenario.write_text(SCENARIO.format(template="CiscoRA", realm="second"))
    lab.send_signal(signal.SIGHUP)
    assert said(lab, "reloaded") == ["reloaded: both parts go on with the scenario as it is now\n"]
    assert challenge(table) == 'Basic realm="second"'


def test_a_scenario_that_cannot_be_read_changes_nothing_and_says_why(
    lab: subprocess.Popen[str], scenario: Path
) -> None:
    table = said(lab, "logs")
    scenario.write_text("[ra]\nno_such_key = 1\n")
    lab.send_signal(signal.SIGHUP)
    [line] = said(lab, "not reloaded")
    assert "no_such_key" in line
    assert challenge(table) == 'Basic realm="first"'
