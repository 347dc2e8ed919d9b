"""Follows a file as `tail -F` does, through renaming, truncation and being away for a while."""

import contextlib
import io
import os
from pathlib import Path

from exporters.logs import families
from exporters.logs.iis import IisReader
from exporters.logs.ledger import Ledger
from exporters.logs.lines import LineBlocks, encoding_of
from exporters.logs.reading import Reader
from exporters.logs.unreadable import Unreadable

_PIECE_BYTES = 1024 * 1024
_HEAD_BYTES = 65_536
_MARK_BYTES = 64


class Follower:
    """Hands a file's new lines to a reader each time it is polled.

    A file that was renamed is read to its end before the new one of its name; one that has shrunk, or begins
    otherwise than before, was truncated and is read from its start. Owns the open file: `close` it.
    """

    def __init__(self, path: Path, log: str, reader: Reader, ledger: Ledger, unreadable: Unreadable) -> None:
        self.path, self.log = path, log
        self._reader, self._ledger, self._unreadable = reader, ledger, unreadable
        self._file: io.FileIO | None = None
        self._identity = (0, 0)
        self._offset = 0
        self._mark = b""
        self._blocks = LineBlocks()

    def skip_to_end(self) -> None:
        """Leave out what the file holds now; its beginning is looked at for the columns."""
        if not self._open() or self._file is None:
            return
        head = self._file.read(_HEAD_BYTES) or b""
        if isinstance(self._reader, IisReader):
            self._reader.learn(LineBlocks(encoding_of(head)).feed(head))
        size_bytes = os.fstat(self._file.fileno()).st_size
        encoding = encoding_of(head)
        # A character of UTF-16 has two bytes.
        self._offset = size_bytes - size_bytes % 2 if encoding else size_bytes
        self._file.seek(self._offset)
        self._mark, self._blocks = head[:_MARK_BYTES], LineBlocks(encoding)

    def poll(self, now: float) -> bool:
        """Read one piece of what is new; whether there may be more."""
        if self._file is None and not self._open():
            return False
        assert self._file is not None
        if self._truncated():
            self._begin()
        data = self._file.read(_PIECE_BYTES)
        if data:
            self._take(data, now)
            return True
        return self._replaced(now)

    @property
    def unread_bytes(self) -> int:
        """How much of the file was not read yet."""
        if self._file is None:
            return 0
        return max(0, os.fstat(self._file.fileno()).st_size - self._offset)

    @property
    def open(self) -> bool:
        """Whether the file could be opened."""
        return self._file is not None

    @property
    def last_at(self) -> float | None:
        """When, by its writer's clock, the last line with a time was."""
        return self._reader.last_at

    @property
    def deleted(self) -> bool:
        """Whether the file is no more; one that was renamed, and has no successor yet, still is."""
        if self.path.exists():
            return False
        return self._file is None or os.fstat(self._file.fileno()).st_nlink == 0

    def close(self) -> None:
        """Close the file."""
        if self._file:
            self._file.close()
            self._file = None

    def _open(self) -> bool:
        with contextlib.suppress(OSError):
            self._file = io.FileIO(self.path)
            state = os.fstat(self._file.fileno())
            self._identity = (state.st_dev, state.st_ino)
            self._begin()
            return True
        return False

    def _begin(self) -> None:
        assert self._file
        self._file.seek(0)
        self._offset = 0
        self._mark = b""
        self._blocks = LineBlocks()

    def _take(self, data: bytes, now: float) -> None:
        assert self._file
        if len(self._mark) < _MARK_BYTES:
            self._mark = os.pread(self._file.fileno(), _MARK_BYTES, 0)
        if self._offset == 0:
            self._blocks = LineBlocks(encoding_of(data))
        self._offset += len(data)
        self._reader.read(self._blocks.feed(data), now)
        if self._blocks.oversized:
            self._unreadable.add(self.log, "long", now, self._blocks.oversized)
            self._ledger.count(families.LINES, (self.log,), now, self._blocks.oversized)
            self._blocks.oversized = 0

    def _truncated(self) -> bool:
        assert self._file
        descriptor = self._file.fileno()
        if os.fstat(descriptor).st_size < self._offset:
            return True
        return os.pread(descriptor, len(self._mark), 0) != self._mark

    def _replaced(self, now: float) -> bool:
        """Go on with the new file of the name, if the old one was renamed; True when there is one."""
        try:
            state = self.path.stat()
        except OSError:
            return False
        if (state.st_dev, state.st_ino) == self._identity:
            return False
        self._reader.read(self._blocks.finish(), now)
        self.close()
        return self._open()
