import contextlib
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from testbed.ca import database
from testbed.ca.following import IssuedFollower
from testbed.ca.records import Disposition, RequestRecord
from testbed.errors import DatabaseError

PENDING = RequestRecord(1, 0.0, r"D\u", "CiscoRA", "CN=x", Disposition.PENDING, 1, "m", b"csr")


def issued(number: int) -> RequestRecord:
    return replace(
        PENDING, id=number, disposition=Disposition.ISSUED, resolved_at=1.0, certificate=b"c", not_after=2.0,
        serial=f"{number:x}0",
    )  # fmt: skip


def write(connection: sqlite3.Connection, *records: RequestRecord) -> None:
    connection.executemany(database.INSERT, map(database.row_of, records))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ca.sqlite"


@pytest.fixture
def connection(path: Path) -> Iterator[sqlite3.Connection]:
    with contextlib.closing(database.open_for_service(path)) as opened:
        yield opened


def test_each_certificate_is_told_once(path: Path, connection: sqlite3.Connection) -> None:
    follower = IssuedFollower(path)
    assert follower.new() == []
    write(connection, issued(1), issued(2))
    assert follower.new() == ["10", "20"]
    assert follower.new() == []
    write(connection, issued(3))
    assert follower.new() == ["30"]


def test_what_was_issued_before_the_mark_does_not_count(path: Path, connection: sqlite3.Connection) -> None:
    write(connection, issued(1), issued(2), issued(3))
    assert IssuedFollower(path, after=2).new() == ["30"]


def test_a_request_that_is_written_after_a_later_one_is_not_missed(
    path: Path, connection: sqlite3.Connection
) -> None:
    follower = IssuedFollower(path)
    write(connection, issued(1), issued(4))
    assert follower.new() == ["10", "40"]
    write(connection, issued(3))
    assert follower.new() == ["30"]
    write(connection, issued(2), issued(5))
    assert sorted(follower.new()) == ["20", "50"]


def test_a_request_that_is_decided_later_is_told_then(path: Path, connection: sqlite3.Connection) -> None:
    follower = IssuedFollower(path)
    write(connection, PENDING, replace(PENDING, id=2, disposition=Disposition.DENIED), issued(3))
    assert follower.new() == ["30"]
    connection.execute("UPDATE requests SET disposition = 'approved' WHERE id = 1")
    assert follower.new() == []
    connection.execute(database.ISSUE_APPROVED, (1.0, b"c", "10", 2.0, 1))
    assert follower.new() == ["10"]
    assert follower.new() == []


def test_one_that_was_revoked_was_issued(path: Path, connection: sqlite3.Connection) -> None:
    write(connection, replace(issued(1), disposition=Disposition.REVOKED, revoked_at=1.5))
    assert IssuedFollower(path).new() == ["10"]


def test_a_database_that_is_not_there_is_named(path: Path) -> None:
    with pytest.raises(DatabaseError, match=r"ca\.sqlite"):
        IssuedFollower(path).new()
