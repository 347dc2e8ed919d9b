"""The device table: what CAPF knows of each phone of a run, in SQLite, in the words of the vendor's guide.

One process writes it, in batches: the storm's supervisor, from what the load generator spooled and journaled.
`OPERATION_UPGRADE`, `OPERATION_NONE`, `CERT_STATUS_UPGRADE_SUCCESS`, `CAPF_STATE_AWAIT_CA_CERT_RESP` and the
names of modes, keys and orders are the guide's; the other states are ours, named after them.
"""

import contextlib
import enum
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self
from urllib.parse import quote

from loadtests.capf.device_spool import SpooledCsr, SpooledLsc
from loadtests.capf.trace import key_words
from loadtests.errors import ScenarioError
from loadtests.phones.roster import Start
from loadtests.phones.settings import AuthenticationMode, KeyType
from loadtests.results.journal import Attempt
from testbed.ownership import Closing

_APPLICATION_ID = 0x45535444  # "ESTD"
_SCHEMA = f"""
CREATE TABLE device (
    phone_index INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE,
    key_size TEXT NOT NULL, ec_key_size TEXT NOT NULL, key_order TEXT NOT NULL,
    authentication_mode TEXT NOT NULL, operation TEXT NOT NULL, operation_status TEXT NOT NULL,
    state TEXT NOT NULL, finish_by REAL NOT NULL, attempts INTEGER NOT NULL DEFAULT 0,
    est_error TEXT, updated_at REAL, csr BLOB, lsc BLOB, serial TEXT
) STRICT;
PRAGMA application_id = {_APPLICATION_ID};
"""
_CSR = """
    UPDATE device SET state = :waiting, csr = :der, attempts = :attempt, operation = :upgrade,
    operation_status = :pending WHERE phone_index = :index AND lsc IS NULL AND attempts <= :attempt
"""
_LSC = """
    UPDATE device SET lsc = :der, csr = NULL, serial = :serial, attempts = :attempt, est_error = :error,
    operation = :none, operation_status = :success, state = :idle, updated_at = :at
    WHERE phone_index = :index
"""
_FAILED = """
    UPDATE device SET est_error = :error, attempts = :attempt, operation = :operation,
    operation_status = :failed, state = :idle, updated_at = :at
    WHERE phone_index = :index AND lsc IS NULL AND attempts <= :attempt
"""


class Operation(enum.StrEnum):
    """What is asked of CAPF for a device."""

    NONE = "OPERATION_NONE"
    UPGRADE = "OPERATION_UPGRADE"


class Status(enum.StrEnum):
    """How a device's operation stands."""

    PENDING = "CERT_STATUS_OPERATION_PENDING"
    SUCCESS = "CERT_STATUS_UPGRADE_SUCCESS"
    FAILED = "CERT_STATUS_UPGRADE_FAILED"


class State(enum.StrEnum):
    """What CAPF's state machine waits for."""

    IDLE = "CAPF_STATE_IDLE"
    WAITING = "CAPF_STATE_AWAIT_CA_CERT_RESP"


@dataclass(frozen=True, slots=True)
class DeviceSettings:
    """What all devices of a run have in common. `finish_by` is seconds since the epoch."""

    key_type: KeyType
    authentication_mode: AuthenticationMode
    finish_by: float


class DeviceTable(Closing):
    """One run's table. A context manager that owns the file's connection."""

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        self._connection = _connect_to_read(path) if read_only else _connect(path)
        self._path, self._read_only = path, read_only
        found = self._connection.execute("PRAGMA application_id").fetchone()[0]
        if found != _APPLICATION_ID:
            self._connection.close()
            raise ScenarioError(f"{path} is not a run's device table")

    @classmethod
    def create(cls, path: Path, devices: Iterable[tuple[int, str]], settings: DeviceSettings) -> Self:
        """A new table of `devices`, each an index and a name, all waiting for their first attempt."""
        words = key_words(settings.key_type)
        common = (
            words.size.partition(":")[0], words.curve.partition(":")[0], words.order.partition(":")[0],
            settings.authentication_mode, Operation.UPGRADE, Status.PENDING, State.IDLE, settings.finish_by,
        )  # fmt: skip
        # A table appears whole or not at all: a run killed here has none, and nothing to resume.
        half = path.with_name(f".{path.name}")
        half.unlink(missing_ok=True)
        with _usable(path), contextlib.closing(_connect(half)) as connection:
            connection.executescript(_SCHEMA)
            columns = "phone_index, name, key_size, ec_key_size, key_order, authentication_mode, operation,"
            columns += " operation_status, state, finish_by"
            insert = f"INSERT INTO device ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608
            with connection:
                connection.executemany(insert, ((*device, *common) for device in devices))
        half.replace(path)
        return cls(path)

    def update(
        self, spooled: Iterable[SpooledCsr | SpooledLsc], attempts: Iterable[Attempt], attempts_allowed: int
    ) -> None:
        """Take a batch in one transaction; a CSR goes in the same statement that stores its LSC.

        Anything may be given again: what is stored already stays as it is. ScenarioError: a full disk.
        """
        csrs, lscs = [], []
        for record in spooled:
            if isinstance(record, SpooledCsr):
                csrs.append(_csr_row(record))
            else:
                lscs.append(_lsc_row(record))
        failures = [_failure_row(each, attempts_allowed) for each in attempts if not each.enrolled]
        if not (csrs or lscs or failures):
            return
        with _usable(self._path), self._connection:
            self._connection.executemany(_CSR, csrs)
            self._connection.executemany(_FAILED, failures)
            self._connection.executemany(_LSC, lscs)

    def remaining(self, attempts_allowed: int) -> list[Start]:
        """The phones without an LSC that may still try, in the fleet's order.

        An attempt that was under way and never ended does not count.
        """
        query = """
            SELECT phone_index, CASE state WHEN ? THEN attempts ELSE attempts + 1 END AS next FROM device
            WHERE lsc IS NULL AND next <= ? ORDER BY phone_index
        """
        rows = self._connection.execute(query, (State.WAITING, attempts_allowed))
        return [Start(index, max(1, attempt)) for index, attempt in rows]

    def finish_by(self) -> float:
        """The devices' deadline in seconds since the epoch."""
        return float(self._connection.execute("SELECT max(finish_by) FROM device").fetchone()[0])

    def never_tried(self) -> int:
        """How many devices have no attempt."""
        query = "SELECT count(*) FROM device WHERE attempts = 0"
        return int(self._connection.execute(query).fetchone()[0])

    def enrolled(self) -> list[int]:
        """The indexes of the phones that hold an LSC."""
        query = "SELECT phone_index FROM device WHERE lsc IS NOT NULL ORDER BY phone_index"
        return [index for (index,) in self._connection.execute(query)]

    def lsc(self, index: int) -> bytes:
        """The LSC of phone `index` in DER; ScenarioError when it has none."""
        row = self._connection.execute("SELECT lsc FROM device WHERE phone_index = ?", (index,)).fetchone()
        if not row or row[0] is None:
            raise ScenarioError(f"the device table holds no LSC for phone {index}")
        return bytes(row[0])

    def close(self) -> None:
        """Fold the write-ahead log in, so that one file is all there is, and close."""
        if not self._read_only:
            with contextlib.suppress(sqlite3.OperationalError):  # somebody else reads it: the next one folds
                self._connection.execute("PRAGMA journal_mode = DELETE")
        self._connection.close()


@contextlib.contextmanager
def existing_table(path: Path, *, read_only: bool = False) -> Iterator[DeviceTable]:
    """The table at `path`; ScenarioError when there is none."""
    if not path.is_file():
        raise ScenarioError(f"there is no device table {path}: name the folder of a storm")
    with _usable(path), DeviceTable(path, read_only=read_only) as table:
        yield table


@contextlib.contextmanager
def _usable(path: Path) -> Iterator[None]:
    """Tell what SQLite cannot do with the table at `path`: it is none, or its disk is full."""
    try:
        yield
    except sqlite3.Error as error:
        raise ScenarioError(f"cannot use the device table {path}: {error}") from error


def _connect_to_read(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{quote(str(path.absolute()))}?mode=ro", uri=True)


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=10.0)
    try:
        with _usable(path):
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
    except ScenarioError:
        connection.close()
        raise
    return connection


_WORDS = {
    "waiting": State.WAITING, "idle": State.IDLE, "upgrade": Operation.UPGRADE, "none": Operation.NONE,
    "pending": Status.PENDING, "success": Status.SUCCESS, "failed": Status.FAILED,
}  # fmt: skip


def _csr_row(record: SpooledCsr) -> dict[str, object]:
    return _WORDS | {"index": record.index, "attempt": record.attempt, "der": record.der}


def _lsc_row(record: SpooledLsc) -> dict[str, object]:
    attempt = record.attempt
    return _WORDS | _outcome(attempt) | {"der": record.der, "serial": attempt.serial}


def _failure_row(attempt: Attempt, attempts_allowed: int) -> dict[str, object]:
    over = attempt.attempt >= attempts_allowed
    return _WORDS | _outcome(attempt) | {"operation": Operation.NONE if over else Operation.UPGRADE}


def _outcome(attempt: Attempt) -> dict[str, object]:
    return {
        "index": attempt.index, "attempt": attempt.attempt, "error": attempt.est_error, "at": attempt.done,
    }  # fmt: skip
