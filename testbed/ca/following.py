"""Follows what a CA issues while its database grows."""

import json
from pathlib import Path

from testbed.ca import database
from testbed.ca.records import Disposition

_DECIDED = frozenset(map(str, (Disposition.ISSUED, Disposition.REVOKED, Disposition.DENIED)))


class IssuedFollower:
    """Gives each certificate of the database at `path` once; those of requests up to `after` do not count."""

    def __init__(self, path: Path, after: int = 0) -> None:
        self._path, self._last = path, after
        # Requests are numbered before they are decided: one may be written after a later one, or much later.
        self._open: set[int] = set()

    def new(self) -> list[str]:
        """Serial numbers of what was issued since the last call; DatabaseError when it cannot be read."""
        with database.open_existing(self._path) as connection:
            rows = connection.execute(
                "SELECT id, disposition, serial FROM requests WHERE id > ? OR id IN "
                "(SELECT value FROM json_each(?))",
                (self._last, json.dumps([*self._open])),
            ).fetchall()
        if rows:
            last = max(self._last, *(number for number, _, _ in rows))
            self._open.update(range(self._last + 1, last + 1))
            self._last = last
        self._open.difference_update(number for number, disposition, _ in rows if disposition in _DECIDED)
        return [serial for _, _, serial in rows if serial]
