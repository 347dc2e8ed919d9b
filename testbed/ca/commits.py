"""Group commit: durable rows without a sync for each.

One thread owns the writing connection. It takes every change that is waiting, commits them together, and
only then lets their requests be answered: the busier the CA, the more rows share one sync.
"""

import asyncio
import contextlib
import queue
import sqlite3
import threading
import time
from collections.abc import Callable
from typing import Protocol

from testbed.ca.database import Row
from testbed.errors import DatabaseError, DiskFull

_LARGEST_BATCH = 500
# A full disk (ENOSPC), and a file that may not grow (EFBIG), which SQLite counts among failed writes.
_NO_ROOM = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE)


class CommitMeter(Protocol):
    """What is told about each commit."""

    def __call__(self, seconds: float, rows: int) -> None:
        """One commit of `rows` changes took `seconds`."""
        ...


class _Change:
    __slots__ = ("done", "loop", "statement", "values")

    def __init__(self, statement: str, values: Row, loop: asyncio.AbstractEventLoop) -> None:
        self.statement, self.values, self.loop = statement, values, loop
        self.done: asyncio.Future[int] = loop.create_future()


class CommitQueue:
    """Commits changes in the order given. `close` writes what is waiting and ends the thread."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        meter: CommitMeter,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._connection = connection
        self._meter, self._clock = meter, clock
        self._waiting: queue.SimpleQueue[_Change | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="ca-commits")
        self._thread.start()

    async def commit(self, statement: str, values: Row) -> int:
        """Make one change durable; returns how many rows it touched, once they are on the disk.

        Raises DatabaseError when the commit that held it failed.
        """
        change = _Change(statement, values, asyncio.get_running_loop())
        self._waiting.put(change)
        # The row is written whether or not its requester still waits, so a cancelled wait must not cancel it.
        return await asyncio.shield(change.done)

    def close(self) -> None:
        """Write what is waiting, end the thread and close the connection."""
        self._waiting.put(None)
        self._thread.join()
        self._connection.close()

    def _run(self) -> None:
        while batch := self._next_batch():
            self._commit(batch)

    def _next_batch(self) -> list[_Change]:
        """Everything that waits, at least one change; empty when the queue was closed."""
        batch: list[_Change] = []
        change = self._waiting.get()
        while change is not None:
            batch.append(change)
            if len(batch) == _LARGEST_BATCH:
                return batch
            try:
                change = self._waiting.get_nowait()
            except queue.Empty:
                return batch
        if batch:
            self._waiting.put(None)
        return batch

    def _commit(self, batch: list[_Change]) -> None:
        started = self._clock()
        try:
            touched = self._write(batch)
        except sqlite3.Error as error:
            with contextlib.suppress(sqlite3.Error):  # SQLite has rolled back by itself
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
            kind = DiskFull if error.sqlite_errorcode in _NO_ROOM else DatabaseError
            _announce(batch, kind(f"the CA database cannot be written: {error}"))
        else:
            self._meter(self._clock() - started, len(batch))
            _announce(batch, touched)

    def _write(self, batch: list[_Change]) -> list[int]:
        if len(batch) == 1:  # a statement alone is a transaction of its own
            return [self._connection.execute(batch[0].statement, batch[0].values).rowcount]
        self._connection.execute("BEGIN IMMEDIATE")
        touched = [self._connection.execute(each.statement, each.values).rowcount for each in batch]
        self._connection.execute("COMMIT")
        return touched


def _announce(batch: list[_Change], outcome: list[int] | DatabaseError) -> None:
    batch[0].loop.call_soon_threadsafe(_resolve, batch, outcome)


def _resolve(batch: list[_Change], outcome: list[int] | DatabaseError) -> None:
    for index, change in enumerate(batch):
        if change.done.done():
            continue
        if isinstance(outcome, DatabaseError):
            change.done.set_exception(outcome)
        else:
            change.done.set_result(outcome[index])
