"""Bytes of a log, as they come, into blocks of whole lines in which ASCII stands for itself.

UTF-8, Latin-1 and the like stay as they are: what is read from them is ASCII. UTF-16, which needs its byte
order mark, becomes UTF-8. NUL bytes go, the hole that a log truncated under its writer begins with among
them.
"""

import codecs
from collections.abc import Iterator

MAX_LINE_BYTES = 65_536
_UTF_16 = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}


def encoding_of(head: bytes) -> str | None:
    """What a file that begins with `head` must be decoded from; None: nothing needs it."""
    return _UTF_16.get(head[:2])


class LineBlocks:
    """Cuts one file's bytes at line ends. `oversized` counts lines beyond 64 KiB, which are left out."""

    def __init__(self, encoding: str | None = None) -> None:
        self.oversized = 0
        self._decoder = codecs.getincrementaldecoder(encoding)("replace") if encoding else None
        self._pieces: list[bytes] = []
        self._held_bytes = 0
        self._skipping = False

    def feed(self, data: bytes) -> bytes:
        """The lines that are whole now, each with its end."""
        data = self._cleaned(data)
        end = data.rfind(b"\n") + 1
        if not end:
            self._hold(data)
            return b""
        lines = self._joined(data[:end])
        self._hold(data[end:])
        return lines

    def finish(self) -> bytes:
        """The last line, which has no end."""
        last, self._pieces, self._held_bytes = b"".join(self._pieces), [], 0
        return last + b"\n" if last else b""

    def _cleaned(self, data: bytes) -> bytes:
        if self._decoder:
            data = self._decoder.decode(data).encode("utf-8", "replace")
        if b"\0" in data:
            data = data.replace(b"\0", b"")
        return data.removeprefix(codecs.BOM_UTF8)

    def _joined(self, lines: bytes) -> bytes:
        if self._skipping:
            self._skipping = False
            return lines[lines.index(b"\n") + 1 :]
        if not self._pieces:
            return lines
        self._pieces.append(lines)
        joined, self._pieces, self._held_bytes = b"".join(self._pieces), [], 0
        return joined

    def _hold(self, piece: bytes) -> None:
        if not piece or self._skipping:
            return
        self._pieces.append(piece)
        self._held_bytes += len(piece)
        if self._held_bytes > MAX_LINE_BYTES:
            self._pieces, self._held_bytes, self._skipping = [], 0, True
            self.oversized += 1


def lines_of(block: bytes) -> Iterator[bytes]:
    """Each line without its end, blank ones left out."""
    for line in block.split(b"\n"):
        bare = line.rstrip(b"\r")
        if bare and not bare.isspace():
            yield bare
