import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from testbed.ca import database
from testbed.ca.commits import CommitQueue
from testbed.ca.records import Disposition, RequestRecord
from testbed.errors import DatabaseError, DiskFull
from tests.testbed.full_disk import files_no_longer_than

RECORD = RequestRecord(1, 0.0, r"D\u", "CiscoRA", "CN=x", Disposition.DENIED, 1, "m", b"csr")


@contextlib.asynccontextmanager
async def commit_queue(path: Path) -> AsyncIterator[tuple[CommitQueue, list[int]]]:
    batches: list[int] = []
    commits = CommitQueue(database.open_for_service(path), lambda _seconds, rows: batches.append(rows))
    try:
        yield commits, batches
    finally:
        commits.close()


def insert(commits: CommitQueue, number: int) -> asyncio.Task[int]:
    row = database.row_of(replace(RECORD, id=number))
    return asyncio.get_running_loop().create_task(commits.commit(database.INSERT, row))


def ids(path: Path) -> list[int]:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return [number for (number,) in connection.execute("SELECT id FROM requests ORDER BY id")]


def test_a_committed_row_is_seen_by_others_at_once(tmp_path: Path) -> None:
    async def run() -> None:
        async with commit_queue(tmp_path / "db") as (commits, _):
            assert await insert(commits, 7) == 1
            assert ids(tmp_path / "db") == [7]

    asyncio.run(run())


def test_rows_that_wait_together_share_a_commit(tmp_path: Path) -> None:
    async def run() -> list[int]:
        async with commit_queue(tmp_path / "db") as (commits, batches):
            with contextlib.closing(sqlite3.connect(tmp_path / "db", isolation_level=None)) as other:
                other.execute("BEGIN IMMEDIATE")
                first = insert(commits, 1)
                await asyncio.sleep(0)
                rest = [insert(commits, number) for number in range(2, 42)]
                await asyncio.sleep(0)
                other.execute("COMMIT")
            await asyncio.gather(first, *rest)
            return batches

    batches = asyncio.run(run())
    assert sum(batches) == 41
    assert len(batches) <= 3
    assert ids(tmp_path / "db") == list(range(1, 42))


def test_a_commit_that_fails_tells_everyone_in_it_and_the_next_one_goes_on(tmp_path: Path) -> None:
    async def run() -> None:
        async with commit_queue(tmp_path / "db") as (commits, _):
            await insert(commits, 1)
            with pytest.raises(DatabaseError, match="cannot be written"):
                await insert(commits, 1)
            assert await insert(commits, 2) == 1

    asyncio.run(run())
    assert ids(tmp_path / "db") == [1, 2]


def test_closing_writes_what_is_waiting(tmp_path: Path) -> None:
    async def run() -> None:
        async with commit_queue(tmp_path / "db") as (commits, _):
            tasks = [insert(commits, number) for number in range(1, 30)]
            await asyncio.sleep(0)
        await asyncio.gather(*tasks)

    asyncio.run(run())
    assert len(ids(tmp_path / "db")) == 29


def test_a_waiter_that_is_cancelled_does_not_take_its_row_back(tmp_path: Path) -> None:
    async def run() -> None:
        async with commit_queue(tmp_path / "db") as (commits, _):
            task = insert(commits, 1)
            await asyncio.sleep(0)
            task.cancel()
            await insert(commits, 2)

    asyncio.run(run())
    assert ids(tmp_path / "db") == [1, 2]


def test_a_full_database_says_so_and_goes_on_when_there_is_room(tmp_path: Path) -> None:
    def pages(connection: sqlite3.Connection, largest: int) -> None:
        connection.execute(f"PRAGMA max_page_count = {largest}")

    async def run() -> None:
        connection = database.open_for_service(tmp_path / "db")
        commits = CommitQueue(connection, lambda _seconds, _rows: None)
        large = replace(RECORD, csr=b"x" * 100_000)
        with contextlib.closing(commits):
            pages(connection, 10)
            for number in (1, 2):
                with pytest.raises(DiskFull, match="full"):
                    await commits.commit(database.INSERT, database.row_of(replace(large, id=number)))
            pages(connection, 1_000_000)
            assert await commits.commit(database.INSERT, database.row_of(replace(large, id=3))) == 1

    asyncio.run(run())
    assert ids(tmp_path / "db") == [3]


def test_a_database_that_may_not_grow_says_so_and_goes_on_when_it_may(tmp_path: Path) -> None:
    async def run() -> None:
        async with commit_queue(tmp_path / "db") as (commits, _):
            await insert(commits, 1)
            with files_no_longer_than(0), pytest.raises(DiskFull):
                await asyncio.gather(insert(commits, 2), insert(commits, 3))
            await insert(commits, 4)

    asyncio.run(run())
    assert {1, 4} <= set(ids(tmp_path / "db"))
