"""What all worker processes of the RA remember together: undecided requests and used nonces.

A database in a directory of the RA's own, gone with it. Nothing in it need survive a crash, so nothing waits
for the disk. Each process opens its own connection.
"""

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from testbed.errors import DatabaseError
from testbed.ownership import Closing

_BUSY_SECONDS = 5.0
_TABLES = """
CREATE TABLE IF NOT EXISTS secret (only INTEGER PRIMARY KEY CHECK (only = 1), value BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS pending (
    fingerprint BLOB PRIMARY KEY, request_id INTEGER NOT NULL, since REAL NOT NULL,
    request BLOB NOT NULL, server_key BLOB
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS pending_age ON pending (since);
CREATE TABLE IF NOT EXISTS nonces (issued_ms INTEGER, nonce TEXT, count INTEGER NOT NULL,
    PRIMARY KEY (issued_ms, nonce)) WITHOUT ROWID;
"""
Row = tuple[int | float | str | bytes | None, ...]


class Memory(Closing):
    """A connection to the shared memory in `directory`; a context manager that closes it.

    `secret` is the same 32 random bytes for all. Methods raise DatabaseError when the disk fails.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        path = directory / "memory.sqlite"
        with _translated():
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
            self._connection = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None)
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = OFF")
            self._connection.executescript(_TABLES)
            self._connection.execute("INSERT OR IGNORE INTO secret VALUES (1, ?)", (os.urandom(32),))
            [(secret,)] = self._connection.execute("SELECT value FROM secret").fetchall()
            self.secret: bytes = secret

    def ask(self, question: str, values: Row = ()) -> Row | None:
        """The first row of an answer, None when there is none."""
        with _translated():
            row: Row | None = self._connection.execute(question, values).fetchone()
            return row

    def change(self, change: str, values: Row = ()) -> int:
        """Make one change; returns how many rows it was made to."""
        with _translated():
            return self._connection.execute(change, values).rowcount

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


@contextlib.contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise DatabaseError(f"the RA's memory cannot be used: {error}") from error
