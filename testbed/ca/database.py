"""The CA's database: one SQLite file in WAL mode, one row a request.

The CA's process writes through `testbed.ca.commits`; this module is what every process may do with the file:
open it, read it, and the statements that change one row. A file of a killed process opens clean: SQLite
replays its log.
"""

import contextlib
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import fields
from operator import attrgetter
from pathlib import Path
from typing import Any

from testbed.ca.records import Disposition, IssuedCertificate, RequestRecord
from testbed.errors import DatabaseError

_APPLICATION_ID = 0x45535443  # "ESTC", what file(1) and we know the file by
_SCHEMA_VERSION = 1
_BUSY_SECONDS = 10.0
_COLUMNS = ", ".join(field.name for field in fields(RequestRecord))
_SELECT = f"SELECT {_COLUMNS} FROM requests"  # noqa: S608 - column names of our own class
_SCHEMA = f"""
CREATE TABLE IF NOT EXISTS requests (
    id INTEGER PRIMARY KEY, submitted_at REAL NOT NULL, requester TEXT NOT NULL, template TEXT NOT NULL,
    subject TEXT NOT NULL, disposition TEXT NOT NULL, status INTEGER NOT NULL, message TEXT NOT NULL,
    csr BLOB NOT NULL, resolved_at REAL, certificate BLOB, serial TEXT, not_after REAL, revoked_at REAL,
    revocation_reason INTEGER
) STRICT;
-- The serial holds the request id first, so this index grows at its end: flat, however many rows there are.
CREATE INDEX IF NOT EXISTS serials ON requests (serial) WHERE serial IS NOT NULL;
CREATE INDEX IF NOT EXISTS exceptions ON requests (disposition) WHERE disposition <> 'issued';
PRAGMA user_version = {_SCHEMA_VERSION};
PRAGMA application_id = {_APPLICATION_ID};
"""
_values = attrgetter(*(field.name for field in fields(RequestRecord)))
_MARKS = ", ".join("?" * len(fields(RequestRecord)))
INSERT = f"INSERT INTO requests ({_COLUMNS}) VALUES ({_MARKS})"  # noqa: S608 - column names of our own class
ISSUE_APPROVED = """
    UPDATE requests SET disposition = 'issued', status = 0, message = 'Issued', resolved_at = ?,
    certificate = ?, serial = ?, not_after = ? WHERE id = ? AND disposition = 'approved'
"""

Row = tuple[Any, ...]


def open_for_service(path: Path) -> sqlite3.Connection:
    """The database at `path`, made when absent; changes are durable when their commit returns.

    The connection may be used by one thread at a time. DatabaseError when the file is something else.
    """
    with _translated(path):
        connection = _connect(f"{path.absolute().as_uri()}?mode=rwc", path)
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            connection.executescript(_SCHEMA)
        except sqlite3.Error:
            connection.close()
            raise
        return connection


@contextlib.contextmanager
def open_existing(path: Path, *, read_only: bool = True) -> Iterator[sqlite3.Connection]:
    """An existing database, for as long as the context lasts; DatabaseError when there is none at `path`."""
    if not path.is_file():
        raise DatabaseError(f"no CA database at {path}: name the file the CA was started with")
    with _translated(path):
        # A file in WAL mode may need its log made or replayed, which mode=ro refuses in some states;
        # query_only keeps this connection from changing any row.
        connection = _connect(f"{path.absolute().as_uri()}?mode=rw", path)
        with contextlib.closing(connection):
            if read_only:
                connection.execute("PRAGMA query_only = 1")
            yield connection


def last_id(connection: sqlite3.Connection) -> int:
    """The highest request id ever given, 0 for an empty database."""
    return int(connection.execute("SELECT coalesce(max(id), 0) FROM requests").fetchone()[0])


def find(connection: sqlite3.Connection, request_id: int) -> RequestRecord | None:
    """The request with this id, or None."""
    row = connection.execute(f"{_SELECT} WHERE id = ?", (request_id,)).fetchone()
    return _record(row) if row else None


def find_serial(connection: sqlite3.Connection, serial: str) -> RequestRecord | None:
    """The request whose certificate has this serial number, or None."""
    row = connection.execute(f"{_SELECT} WHERE serial = ?", (serial.lower().lstrip("0"),)).fetchone()
    return _record(row) if row else None


def select(
    connection: sqlite3.Connection, disposition: Disposition | None, limit: int
) -> Iterator[RequestRecord]:
    """The newest requests first, of one disposition or of all."""
    wanted, values = ("WHERE disposition = ?", [str(disposition)]) if disposition else ("", [])
    query = f"{_SELECT} {wanted} ORDER BY id DESC LIMIT ?"
    for row in connection.execute(query, [*values, limit]):
        yield _record(row)


def issued(path: Path) -> list[IssuedCertificate]:
    """Every certificate the CA has issued, revoked ones too, in the order of their request ids."""
    query = (
        "SELECT id, serial, subject, requester, disposition, resolved_at FROM requests "
        "WHERE serial IS NOT NULL ORDER BY id"
    )
    with open_existing(path) as connection:
        return [
            IssuedCertificate(number, serial, subject, requester, Disposition(disposition), at)
            for number, serial, subject, requester, disposition, at in connection.execute(query)
        ]


def count_by_disposition(connection: sqlite3.Connection) -> dict[str, int]:
    """How many requests there are of each disposition; by two indexes, so cheap however many there are."""
    counts = dict.fromkeys(map(str, Disposition), 0)
    others = "SELECT disposition, count(*) FROM requests WHERE disposition <> 'issued' GROUP BY disposition"
    counts.update(connection.execute(others).fetchall())
    with_serial = connection.execute("SELECT count(*) FROM requests WHERE serial IS NOT NULL").fetchone()[0]
    return counts | {"issued": with_serial - counts["revoked"]}


def revoked(connection: sqlite3.Connection) -> Sequence[tuple[str, float, int]]:
    """Serial number, time and reason of every revoked certificate."""
    query = (
        "SELECT serial, revoked_at, revocation_reason FROM requests WHERE disposition = 'revoked' ORDER BY id"
    )
    return connection.execute(query).fetchall()


def row_of(record: RequestRecord) -> Row:
    """The values of INSERT."""
    row: Row = _values(record)
    return row


def _record(row: Row) -> RequestRecord:
    values = list(row)
    values[5] = Disposition(values[5])
    return RequestRecord(*values)


def _connect(uri: str, path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(
        uri, uri=True, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
    )
    try:
        _check_kind(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def _check_kind(connection: sqlite3.Connection, path: Path) -> None:
    found = connection.execute("PRAGMA application_id").fetchone()[0]
    tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    if tables and found != _APPLICATION_ID:
        raise DatabaseError(f"{path} is not a CA database of this suite: name another file")


@contextlib.contextmanager
def _translated(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise DatabaseError(f"the CA database {path} cannot be used: {error}") from error
