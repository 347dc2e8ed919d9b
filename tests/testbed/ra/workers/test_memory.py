from pathlib import Path

import pytest

from testbed.errors import DatabaseError
from testbed.ra.workers.memory import Memory


def test_two_processes_share_secret_and_rows(tmp_path: Path) -> None:
    with Memory(tmp_path) as one, Memory(tmp_path) as other:
        assert one.secret == other.secret
        assert len(one.secret) == 32
        assert one.change("INSERT INTO nonces VALUES (1, 'n', 1)") == 1
        assert other.ask("SELECT nonce FROM nonces") == ("n",)


def test_two_memories_have_two_secrets(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    with Memory(tmp_path) as one, Memory(tmp_path / "other") as other:
        assert one.secret != other.secret


def test_it_is_readable_by_its_owner_alone(tmp_path: Path) -> None:
    with Memory(tmp_path):
        assert {path.stat().st_mode & 0o077 for path in tmp_path.iterdir()} == {0}


def test_a_disk_that_fails_is_a_database_error(tmp_path: Path) -> None:
    with pytest.raises(DatabaseError, match="the RA's memory cannot be used"):
        Memory(tmp_path / "missing")
    memory = Memory(tmp_path)
    memory.close()
    with pytest.raises(DatabaseError, match="the RA's memory cannot be used"):
        memory.ask("SELECT 1")
