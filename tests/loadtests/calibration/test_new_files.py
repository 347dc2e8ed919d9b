"""Files that are left all or not at all."""

from pathlib import Path

import pytest

from loadtests.calibration.new_files import check_new, write_new
from loadtests.errors import ScenarioError
from tests.testbed.full_disk import files_no_longer_than


def test_new_files_have_what_was_to_be_written(tmp_path: Path) -> None:
    texts = {tmp_path / "one": "1", tmp_path / "other": "2"}
    check_new(texts)
    write_new(texts)
    assert {path: path.read_text() for path in tmp_path.iterdir()} == texts


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("there", "there exists already; name another file"),
        ("nowhere/file", "there is no folder"),
        ("there/file", "there is no folder"),
        ("new", "are the same file"),
    ],
)
def test_what_could_not_be_made_is_told_beforehand(tmp_path: Path, name: str, why: str) -> None:
    (tmp_path / "there").touch()
    with pytest.raises(ScenarioError, match=why):
        check_new([tmp_path / "new", tmp_path / name])


def test_a_folder_that_may_not_be_written_to_is_told_beforehand() -> None:
    """Not even its owner, and not even root, may write to what the kernel shows of itself."""
    with pytest.raises(ScenarioError, match="cannot be written"):
        write_new({Path("/proc/self/new"): ""})


def test_when_one_cannot_be_written_none_is_left(tmp_path: Path) -> None:
    texts = {tmp_path / "short": "1", tmp_path / "long": "2" * 100_000}
    with (
        files_no_longer_than(1000),
        pytest.raises(ScenarioError, match="long cannot be written: File too large"),
    ):
        write_new(texts)
    assert not list(tmp_path.iterdir())


def test_one_that_came_meanwhile_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "other").write_text("mine")
    with pytest.raises(ScenarioError, match="File exists"):
        write_new({tmp_path / "one": "1", tmp_path / "other": "2"})
    assert [path.read_text() for path in tmp_path.iterdir()] == ["mine"]
