"""The spool: what a load generator hands to the device table while it enrolls, one write(2) a step.

    devices-<worker>.spool    for each record: kind (1 byte), phone's index (8), attempt (4), length (4), data

A CSR record is written before its enrollment starts, an LSC record once the LSC is checked, with the
journal's line in it. The supervisor moves both into the table, so that no enrollment waits for a database;
what a killed generator or supervisor left here is moved when the run is resumed.
"""

import enum
import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from loadtests.results.journal import Attempt
from testbed.ownership import Closing

PATTERN = "devices-*.spool"
_HEAD = struct.Struct(">cQII")
_SIZE = struct.Struct(">I")


class Kind(enum.Enum):
    """What a record holds."""

    CSR = b"C"
    LSC = b"L"


@dataclass(frozen=True, slots=True)
class SpooledCsr:
    """A request in DER that is about to be enrolled."""

    index: int
    attempt: int
    der: bytes


@dataclass(frozen=True, slots=True)
class SpooledLsc:
    """A checked LSC in DER, and the attempt that brought it."""

    attempt: Attempt
    der: bytes


class SpoolWriter(Closing):
    """Appends to one spool file; a context manager that owns it. OSError when it cannot."""

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._encoder = msgspec.json.Encoder()

    def csr(self, index: int, attempt: int, der: bytes) -> None:
        """Keep a request until its LSC is there."""
        self._append(Kind.CSR, index, attempt, der)

    def lsc(self, attempt: Attempt, der: bytes) -> None:
        """Keep a checked LSC; it is in the file, whole, when this returns."""
        line = self._encoder.encode(attempt)
        self._append(Kind.LSC, attempt.index, attempt.attempt, _SIZE.pack(len(line)) + line + der)

    def _append(self, kind: Kind, index: int, attempt: int, data: bytes) -> None:
        os.write(self._descriptor, _HEAD.pack(kind.value, index, attempt, len(data)) + data)

    def close(self) -> None:
        """Close the file."""
        os.close(self._descriptor)


class SpoolReader:
    """Follows the spools of a directory as they grow."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._offsets: dict[Path, int] = {}
        self._decoder = msgspec.json.Decoder(Attempt)

    def new(self) -> Iterator[SpooledCsr | SpooledLsc]:
        """Every record written since the last call; one still being written waits for the next."""
        for path in self.paths():
            offset = self._offsets.get(path, 0)
            with path.open("rb") as file:
                file.seek(offset)
                data = file.read()
            at = 0
            while (end := _end_of_record(data, at)) <= len(data):
                yield self._record(data[at:end])
                at = end
            self._offsets[path] = offset + at

    def paths(self) -> list[Path]:
        """The spools that there are."""
        return sorted(self._directory.glob(PATTERN))

    def _record(self, record: bytes) -> SpooledCsr | SpooledLsc:
        kind, index, attempt, _ = _HEAD.unpack_from(record)
        data = record[_HEAD.size :]
        if Kind(kind) is Kind.CSR:
            return SpooledCsr(index, attempt, data)
        start = _SIZE.size
        end = start + _SIZE.unpack_from(data)[0]
        return SpooledLsc(self._decoder.decode(data[start:end]), data[end:])


def _end_of_record(data: bytes, at: int) -> int:
    """Where the record at `at` ends; past the data's end when it is not whole."""
    if at + _HEAD.size > len(data):
        return len(data) + 1
    return at + _HEAD.size + int(_HEAD.unpack_from(data, at)[3])
