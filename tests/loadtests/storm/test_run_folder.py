"""Run folders never overwrite each other."""

import datetime as dt
from pathlib import Path

import pytest

from loadtests.errors import ScenarioError
from loadtests.storm.run_folder import create_run_folder, shown

NOON = dt.datetime(2026, 1, 2, 12, 0, 0, tzinfo=dt.UTC)


def test_a_run_is_named_after_its_time_and_kind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert create_run_folder("storm", NOON).path == tmp_path / "runs" / "20260102T120000Z-storm"


def test_two_runs_in_the_same_second_get_two_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert create_run_folder("storm", NOON).path != create_run_folder("storm", NOON).path


def test_a_folder_that_holds_something_is_refused(tmp_path: Path) -> None:
    (tmp_path / "precious").touch()
    with pytest.raises(ScenarioError, match="not empty"):
        create_run_folder("storm", NOON, tmp_path)


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ScenarioError, match="file/run: Not a directory"):
        create_run_folder("storm", NOON, tmp_path / "file" / "run")


def test_a_path_below_is_told_as_it_can_be_typed_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert shown(tmp_path / "runs" / "a") == Path("runs/a")
    assert shown(Path("/elsewhere/a")) == Path("/elsewhere/a")
    assert shown(Path("a")) == Path("a")
