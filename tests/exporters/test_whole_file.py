import stat
from pathlib import Path

import pytest

from exporters.whole_file import replace_whole
from tests.testbed.full_disk import files_no_longer_than


def test_a_file_is_replaced_and_nothing_else_is_left(tmp_path: Path) -> None:
    path = tmp_path / "answer.json"
    path.write_bytes(b"what was there")
    replace_whole(path, b"new")
    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]


def test_on_a_full_disk_what_was_there_stays(tmp_path: Path) -> None:
    path = tmp_path / "answer.json"
    path.write_bytes(b"what was there")
    with files_no_longer_than(3), pytest.raises(OSError, match="large"):
        replace_whole(path, b"longer than there is room for")
    assert path.read_bytes() == b"what was there"
    assert list(tmp_path.iterdir()) == [path]


def test_a_secret_is_its_owners_alone(tmp_path: Path) -> None:
    replace_whole(tmp_path / "passwords.json", b"secret", 0o600)
    assert stat.S_IMODE((tmp_path / "passwords.json").stat().st_mode) == 0o600
