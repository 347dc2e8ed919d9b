"""The journal: one line for each attempt to enroll, written as it ends: a killed run loses nothing."""

from collections.abc import Iterator
from pathlib import Path

import msgspec

from testbed.ownership import Closing


class Attempt(msgspec.Struct, frozen=True):
    """One attempt of one phone, successful or not.

    `intended_start`, `started`, `sent` and `done` are seconds since the epoch; `sent` is None when no request
    got out. Each `..._seconds` is the time of one stage, None when the attempt did not come that far.
    `serial` is the LSC's serial number in hex; `reason` says in words why an attempt failed.
    """

    phone: str
    index: int
    operation: str
    attempt: int
    worker: int
    intended_start: float
    started: float
    sent: float | None
    done: float
    connect_seconds: float | None
    tls_seconds: float | None
    send_seconds: float | None
    wait_seconds: float | None
    read_seconds: float | None
    check_seconds: float | None
    est_error: str
    est_code: int
    http_status: int | None
    serial: str | None
    reason: str

    @property
    def enrolled(self) -> bool:
        """Whether the phone got a good LSC."""
        return self.est_code == 0


class JournalWriter(Closing):
    """Appends attempts to one file; a context manager that owns the file."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("ab", buffering=0)
        self._encoder = msgspec.json.Encoder()

    def write(self, attempt: Attempt) -> None:
        """Append one attempt; it is in the file, whole, when this returns."""
        self._file.write(self._encoder.encode(attempt) + b"\n")

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class JournalReader:
    """Follows the journals of a directory (`attempts-*.jsonl`, one a worker) as they grow."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._offsets: dict[Path, int] = {}
        self._decoder = msgspec.json.Decoder(Attempt)

    def new(self) -> Iterator[Attempt]:
        """Every attempt written since the last call; a line still being written waits for the next."""
        for path in sorted(self._directory.glob("attempts-*.jsonl")):
            offset = self._offsets.get(path, 0)
            with path.open("rb") as file:
                file.seek(offset)
                data = file.read()
            whole = data[: data.rfind(b"\n") + 1]
            self._offsets[path] = offset + len(whole)
            for line in whole.splitlines():
                yield self._decoder.decode(line)
