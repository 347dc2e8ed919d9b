"""`estorm compare` as CI uses it: exit codes, JSON, one line for what cannot be compared."""

import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from loadtests.comparison.command import compare
from loadtests.errors import LoadtestError, ScenarioError
from loadtests.scenario import PhoneSettings, Scenario
from tests.loadtests.comparison.folders import run_folder
from tests.processes import run_estorm


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Runs that are alike, and one that is slower, where one works."""
    monkeypatch.chdir(tmp_path)
    for name, seed, slower in (("a", 1, 1.0), ("b", 2, 1.0), ("c", 3, 1.0), ("slow", 4, 1.2)):
        run_folder(tmp_path / name, seed, slower=slower)
    return tmp_path


def compared(*arguments: str) -> Result:
    return CliRunner().invoke(compare, arguments)


@pytest.mark.usefixtures("runs")
def test_runs_that_are_alike_pass() -> None:
    done = compared("a", "b")
    assert done.exit_code == 0, done.output
    assert "no regression beyond 5\N{NO-BREAK SPACE}% is proven" in done.stdout
    assert "one run a side" in done.stdout


@pytest.mark.usefixtures("runs")
def test_a_slower_run_fails_and_is_told_by_metric() -> None:
    done = compared("a", "b", "slow", "--json")
    assert done.exit_code == 1, done.output
    report = json.loads(done.stdout)
    assert report["schema"] == "estorm.comparison/1"
    assert [each["runs"] for each in report["compared"]] == [["b"], ["slow"]]
    fine, slow = ({each["metric"]: each["verdict"] for each in one["findings"]} for one in report["compared"])
    assert "regression" not in fine.values()
    assert slow["latency p50"] == "regression"


@pytest.mark.usefixtures("runs")
def test_a_tolerance_lets_it_pass() -> None:
    assert compared("a", "slow", "--tolerance", "50%").exit_code == 0


@pytest.mark.usefixtures("runs")
def test_several_baselines_are_one_side() -> None:
    done = compared("--baseline", "a", "--baseline", "b", "c")
    assert done.exit_code == 0, done.output
    assert "c against a, b" in done.stdout
    assert "one run a side" not in done.stdout


@pytest.mark.usefixtures("runs")
def test_out_leaves_a_page_and_the_same_as_data(tmp_path: Path) -> None:
    done = compared("a", "b", "slow", "--json", "--out", "compared")
    assert done.exit_code == 1, done.output
    assert "compared/report.html" in done.stderr
    left = json.loads((tmp_path / "compared" / "comparison.json").read_text())
    assert left == json.loads(done.stdout)
    assert "slow: REGRESSION" in (tmp_path / "compared" / "report.html").read_text()


@pytest.mark.usefixtures("runs")
def test_out_overwrites_nothing_and_is_not_made_for_runs_that_cannot_be_compared(tmp_path: Path) -> None:
    assert "is not empty" in str(compared("a", "b", "--out", "c").exception)
    assert isinstance(compared("a", "gone", "--out", "new").exception, ScenarioError)
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("a",), "a alone cannot be compared"),
        (("a", "gone"), "gone is not a run folder: nothing is there"),
        (("a", "a/summary.json"), "a/summary.json is not a run folder: it is a file"),
        (("a", "cut"), "cut/summary.json: not a summary of version estorm.summary/1"),
        (
            ("a", "b", "--despite", "ra.timer"),
            "unknown key `timer` in [ra]; known are port, ",
        ),
        (("a", "search"), "search is the folder of a capacity search"),
        (("a", "killed"), "killed has no summary.json: its run has not ended"),
        (("a", "a"), "a run is named twice"),
        (("a", "other"), "phones.count is 500 in a and 400 in other"),
    ],
)
def test_what_cannot_be_compared_is_named(runs: Path, arguments: tuple[str, ...], said: str) -> None:
    run_folder(runs / "search", 5)
    (runs / "search" / "capacity.json").write_text("{}")
    run_folder(runs / "killed", 5)
    (runs / "killed" / "summary.json").unlink()
    run_folder(runs / "cut", 5)
    os.truncate(runs / "cut" / "summary.json", 300)
    run_folder(runs / "other", 5, scenario=Scenario(name="night", phones=PhoneSettings(count=400)))
    done = compared(*arguments)
    assert isinstance(done.exception, LoadtestError)
    assert said in str(done.exception)


def test_bad_usage_is_one_line_and_exit_code_2(runs: Path) -> None:
    done = run_estorm("compare", "a", "b", "--tolerance", "much", cwd=runs)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stdout + done.stderr
    assert "is not a share below 1 like 5%" in done.stderr
