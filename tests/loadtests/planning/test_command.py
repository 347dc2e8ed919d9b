"""`estorm plan` as a planner calls it: from a calibration, with its exit codes and what it leaves."""

import json
from pathlib import Path

import jsonschema
import pytest
from click.testing import CliRunner, Result

from loadtests.calibration.document import Calibration, Chain
from loadtests.errors import ScenarioError
from loadtests.planning import document
from loadtests.planning.command import plan
from loadtests.scenario import Scenario, SloSettings
from loadtests.simulation.settings import Overheads
from testbed.ca.capacity_settings import CapacitySettings, ConstantTime
from testbed.settings import RaSettings
from tests.loadtests.planning.test_document import PUBLISHED
from tests.processes import run_estorm

RULES = ("enrolled_share >= 100%", "throughput_per_second >= 1/s")
SCENARIO = Scenario(name="night", ra=RaSettings(), slo=SloSettings(RULES))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where one works: a calibration of a CA that takes a second for a submission, and a scenario."""
    monkeypatch.chdir(tmp_path)
    Calibration(
        source="logs", made_from=("u_ex.log",), known=(), unknown=(), chain=Chain(), stages={},
        overheads=Overheads(), capacity=CapacitySettings(submit=ConstantTime(1.0)),
    ).write(tmp_path / "ca.toml")  # fmt: skip
    (tmp_path / "chain.toml").write_text(SCENARIO.to_toml())
    return tmp_path


def planned(*arguments: str) -> Result:
    usual = ("--from", "ca.toml", "--scenario", "chain.toml", "--seed", "3", "--spacing", "20s")
    return CliRunner().invoke(plan, [*usual, *arguments])


def test_a_plan_that_fits_exits_0_and_leaves_json_and_a_page(folder: Path) -> None:
    done = planned("--phones", "60", "--window", "3m", "--out", "out")
    assert done.exit_code == 0, done.output
    left = document.read(folder / "out" / "plan.json")
    jsonschema.validate(
        json.loads((folder / "out" / "plan.json").read_text()), json.loads(PUBLISHED.read_text())
    )
    assert (left.fits, left.seed, left.asked.phones) == (True, 3, 60)
    assert (left.rules, left.rules_left_out) == ([RULES[0]], [RULES[1]])
    assert left.verdict[0] in done.output
    assert "What to change first" in done.output
    assert f"kept: {RULES[0]}, no growing backlog" in done.output
    assert f"left out, as no plan can be made for it: {RULES[1]}" in done.output
    assert (folder / "out" / "plan.html").read_text().startswith("<!DOCTYPE html>")
    assert sorted(path.name for path in (folder / "out").iterdir()) == ["plan.html", "plan.json"]


@pytest.mark.usefixtures("folder")
def test_a_plan_that_does_not_fit_exits_1_and_says_so() -> None:
    done = planned("--phones", "150", "--window", "30s", "--out", "out")
    assert done.exit_code == 1, done.output
    assert "150 phones do not fit into" in done.output


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--slo", "throughput_per_second >= 1/s"), "a plan keeps shares, latency and orphans"),
        (("--within", "30s"), "--within 30 s is longer than the 20 s of a batch"),
        (("--spacing", "5m"), "--spacing 300 s is longer than the window of 180 s"),
    ],
)
def test_what_cannot_be_planned_is_named(arguments: tuple[str, ...], said: str) -> None:
    done = planned("--phones", "60", "--window", "3m", *arguments)
    assert isinstance(done.exception, ScenarioError)
    assert said in str(done.exception)


def test_a_folder_that_is_no_run_is_one_line_and_exit_code_2(folder: Path) -> None:
    done = run_estorm("plan", "--phones", "9", "--window", "1h", "--from", str(folder), cwd=folder)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stdout + done.stderr
    assert "is no run that has ended: it has no scenario.toml; name the folder of a storm" in done.stderr
