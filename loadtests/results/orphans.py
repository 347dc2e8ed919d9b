"""Orphans: certificates that the CA issued and no phone holds.

mock CA's database   counted: its certificates since the run began, less those that phones hold
IIS W3C log          estimated: its successful requests since the run began, less the phones enrolled
neither              unknown, which is not zero
"""

import contextlib
import enum
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from loadtests.errors import ScenarioError
from loadtests.results.journal import Attempt
from testbed.ca import database
from testbed.errors import DatabaseError

_SUBMITTED, _FETCHED = "/certfnsh.asp", "/certnew.cer"


class Source(enum.StrEnum):
    """How orphans became known."""

    DATABASE = "counted in the CA's database"
    LOG = "estimated from the CA's log"
    NOTHING = "unknown: neither the CA's database nor its log was at hand"


@dataclass(frozen=True, slots=True)
class Orphans:
    """How many there are, None when that is not known, and how that became known."""

    count: int | None
    source: Source


class Mark(msgspec.Struct, frozen=True):
    """Where the CA's records ended when the run began: its last request id, its log's size.

    `until_request_id` is the last one when the run ended, None while it goes on: what the CA is asked for
    later is another run's.
    """

    request_id: int = 0
    log_bytes: int = 0
    until_request_id: int | None = None

    def covers(self, request_id: int) -> bool:
        """Whether the CA was asked for it during the run."""
        return self.request_id < request_id and (
            self.until_request_id is None or request_id <= self.until_request_id
        )

    def write(self, path: Path) -> None:
        """Keep it, for a run that is resumed."""
        path.write_bytes(msgspec.json.encode(self))


@dataclass(frozen=True, slots=True)
class CaRecords:
    """What of the CA's records is at hand."""

    database: Path | None = None
    log: Path | None = None

    def mark(self) -> Mark:
        """Where they end now; ScenarioError for a file that cannot be read."""
        request_id = log_bytes = 0
        try:
            if self.database:
                with database.open_existing(self.database) as connection:
                    request_id = database.last_id(connection)
            if self.log:
                log_bytes = self.log.stat().st_size
        except DatabaseError as error:
            raise ScenarioError(f"--ca-database: {error}") from error
        except OSError as error:
            raise ScenarioError(f"--ca-log: cannot read {self.log}: {error.strerror}") from error
        return Mark(request_id, log_bytes)

    def orphans(self, attempts: Iterable[Attempt], since: Mark) -> Orphans:
        """What they say of the certificates issued since the mark."""
        enrolled = [attempt for attempt in attempts if attempt.enrolled]
        if self.database:
            return Orphans(count_orphans(self.database, enrolled, since), Source.DATABASE)
        if self.log:
            with contextlib.suppress(OSError):
                return Orphans(max(0, served(self.log, since) - len(enrolled)), Source.LOG)
        return Orphans(None, Source.NOTHING)


def read_mark(path: Path) -> Mark:
    """The mark kept at `path`; the beginning of all records when there is none."""
    with contextlib.suppress(OSError, msgspec.DecodeError):
        return msgspec.json.decode(path.read_bytes(), type=Mark)
    return Mark()


def count_orphans(ca_database: Path, attempts: Iterable[Attempt], since: Mark | None = None) -> int:
    """How many certificates that the mark covers none of these attempts brought to a phone."""
    mark = since or Mark()
    held = {attempt.serial for attempt in attempts if attempt.enrolled}
    return sum(
        mark.covers(certificate.request_id) and certificate.serial not in held
        for certificate in database.issued(ca_database)
    )


def served(log: Path, since: Mark) -> int:
    """How many certificates a W3C log says were issued: requests submitted with success, or fetched.

    IIS logs 200 for a denied request too, so this may be too many, and it writes its log with a delay, so it
    may be too few. A log that is shorter than at the mark is a new one.
    """
    submitted, fetched = 0, set()
    for method, stem, query, status in _rows(log, since.log_bytes):
        if status != "200":
            continue
        if method == "POST" and stem.endswith(_SUBMITTED):
            submitted += 1
        elif stem.endswith(_FETCHED):
            fetched.add(query.lower().partition("reqid=")[2].partition("&")[0])
    return max(submitted, len(fetched - {""}))


def _rows(log: Path, offset: int) -> Iterator[tuple[str, str, str, str]]:
    """Method, stem, query and status of each row past `offset`, by the fields that the log names."""
    wanted = ("cs-method", "cs-uri-stem", "cs-uri-query", "sc-status")
    offset = offset if log.stat().st_size >= offset else 0
    at, columns = 0, [3, 4, 5, 11]
    with log.open("rb") as file:
        for line in file:
            at += len(line)
            words = line.decode("utf-8", "replace").split()
            if words[:1] == ["#Fields:"]:
                columns = [words.index(name) - 1 for name in wanted] if set(wanted) <= set(words) else []
            elif at > offset and not line.startswith(b"#") and columns and len(words) > max(columns):
                method, stem, query, status = (words[column] for column in columns)
                yield method, stem.lower(), query, status
