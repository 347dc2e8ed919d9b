"""Experiments' documents: those that come with estorm, and those that are refused, by the name of a field."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from chaos.errors import PlanRefused
from loadtests.errors import LoadtestError, ScenarioError
from loadtests.experiments.document import find, merged, names, read_document
from loadtests.scenario import KeyType

SOUND = find("ca-slow-at-login").read_text()
NAMES = names()


VALIDATE = """
import json, sys
from click.testing import CliRunner
from chaostoolkit.cli import cli
said = {}
for path in sys.argv[1:]:
    done = CliRunner().invoke(cli, ["--no-log-file", "validate", path])
    said[path] = [done.exit_code, done.output]
print(json.dumps(said))
"""


@pytest.fixture(scope="module")
def validated() -> dict[str, list[object]]:
    """What `chaos validate` exits with and says of each experiment, by path."""
    command = [sys.executable, "-W", "ignore", "-c", VALIDATE, *(str(find(name)) for name in NAMES)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    return dict(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize("name", NAMES)
def test_chaos_toolkit_accepts_it(name: str, validated: dict[str, list[object]]) -> None:
    code, said = validated[str(find(name))]
    assert code == 0, said


@pytest.mark.parametrize("name", NAMES)
def test_it_says_what_it_shows(name: str) -> None:
    document = read_document(find(name))
    assert document.evidence()
    assert list(document.faults())
    assert document.experiment.hypothesis is not None
    assert document.experiment.rollbacks


@pytest.mark.parametrize("name", NAMES)
def test_its_storm_is_small_and_its_phones_are_quick(name: str) -> None:
    scenario = read_document(find(name)).scenario()
    assert scenario.phones.key is KeyType.P_256
    assert scenario.chaos is not None


def test_there_is_one_for_each_failure_of_the_guide_each_defect_and_each_compound() -> None:
    tags = [set(read_document(find(name)).experiment.tags) for name in NAMES]
    assert sum("guide" in each for each in tags) == 10
    assert sum("defect" in each for each in tags) == 2
    assert sum("compound" in each for each in tags) == 6


def broken(tmp_path: Path, before: str, after: str) -> Path:
    assert before in SOUND
    path = tmp_path / "broken.yaml"
    path.write_text(SOUND.replace(before, after, 1))
    return path


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("title: The CA", "titel: The CA", "unknown key `titel`"),
        ("title: The CA is slow at login\n", "", "the key `title` is missing"),
        ("method:", "methods:", "unknown key `methods`"),
        ("    tolerance: 1", "    tolerence: 1", "unknown key `tolerence` in [steady-state-hypothesis"),
        ("      tolerance: 1\n", "", "hypothesis probe must have a tolerance entry"),
        ("type: action", "type: act", "`method[0].type` is 'act'; it may be "),
        ("func: end_all", "func: end_every", "does not expose a function called 'end_every'"),
        ("func: evidence", "func: evidence, arguments: {patience: 3}", "argument 'patience' is not part of"),
        ("fault: ca.hang", "fault: ca.hangs", "there is no fault 'ca.hangs'"),
        ("stage: login", "stages: login", "ca.hang: unknown key `stages`"),
        ("stage: login", "stage: logon", "ca.hang: `stage` is 'logon'; it may be \"any\" or "),
        ("controls:", "configuration: {scenario: {phones: {counts: 3}}}\ncontrols:", "unknown key `counts`"),
        ("controls:", "configuration: {scenario: 3}\ncontrols:", "scenario` is a table, not 3"),
        ("controls:", "extensions: [{name: estorm, evidences: []}]\ncontrols:", ": unknown key `evidences`"),
        ("title:", "title: [", "is not YAML"),
    ],
)  # fmt: skip
def test_one_that_is_broken_is_refused_by_the_name_of_its_field(
    tmp_path: Path, before: str, after: str, said: str
) -> None:
    with pytest.raises((PlanRefused, LoadtestError)) as refused:
        read_document(broken(tmp_path, before, after))
    assert said in str(refused.value)
    assert "broken.yaml" in str(refused.value)


def test_one_that_is_no_table_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "list.yaml"
    path.write_text("- 1\n")
    with pytest.raises(PlanRefused, match=r"list\.yaml is no experiment"):
        read_document(path)


def test_one_that_is_not_there_is_refused_with_those_that_are() -> None:
    with pytest.raises(
        PlanRefused, match=r"no experiment and no file 'nonsense'; there are .*ca-slow-at-login"
    ):
        find("nonsense")


def test_a_file_of_the_users_own_is_found(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(SOUND)
    assert find(str(path)) == path


def test_names_in_its_scenario_stand_for_its_configuration(tmp_path: Path) -> None:
    table = yaml.safe_load(SOUND)
    table["configuration"] = {"many": 77, "scenario": {"phones": {"count": "${many}"}}}
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump(table))
    assert read_document(path).scenario().phones.count == 77


def test_names_may_stand_for_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ESTORM_PHONES", "12")
    assert read_document(find("retry-wave")).scenario().phones.count == 12
    monkeypatch.setenv("ESTORM_PHONES", "0")
    with pytest.raises(ScenarioError, match=r"phones\.count"):
        read_document(find("retry-wave"))


def test_changes_are_laid_over_the_base_table_by_table() -> None:
    base = {"a": {"b": 1, "c": 2}, "d": [1, 2]}
    assert merged(base, {"a": {"c": 3}, "d": [4], "e": 5}) == {"a": {"b": 1, "c": 3}, "d": [4], "e": 5}
