"""Which files are which log, and their bytes, packed by gzip or not."""

import gzip
import re
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from exporters.logs import capf, nginx
from exporters.logs.errors import LogsError

CHUNK_BYTES = 8 * 1024 * 1024
_HEAD_BYTES = 65_536
_GZIP = b"\x1f\x8b"
_ROTATED = re.compile(r"\.(\d+|gz|bz2|xz|zst|zip|old|bak)$|[-_.]\d{8}(\d{2})?$", re.IGNORECASE)
_NAMES = (
    (re.compile(r"^(u_)?(ex|extend)\d*.*\.log", re.IGNORECASE), "iis"),
    (re.compile(r"capf", re.IGNORECASE), "capf"),
    (re.compile(r"ciscora|^ces\b", re.IGNORECASE), "ces"),
    (re.compile(r"nginx|error[._-]?log|^error\.", re.IGNORECASE), "nginx"),
)


@dataclass(frozen=True, slots=True)
class LogFile:
    """A file and whose log it is."""

    path: Path
    log: str

    @property
    def rotated(self) -> bool:
        """Whether its name says that its writer has left it."""
        return bool(_ROTATED.search(self.path.name))


def find_logs(
    places: Iterable[Path], known: Callable[[Path], bool] = lambda _: False
) -> tuple[list[LogFile], list[Path]]:
    """The logs among these files and, of folders, all files in them; and the files that are none.

    Found by name first, else by what is in them; those that are `known` are left out. LogsError for a place
    that does not exist.
    """
    found, strange = [], []
    for path in _files(places):
        if known(path):
            continue
        log = log_of(path)
        if log:
            found.append(LogFile(path, log))
        else:
            strange.append(path)
    return found, strange


def log_of(path: Path) -> str | None:
    """Which log a file is: capf, ces, nginx, iis; None: it does not look like any, or cannot be read."""
    for pattern, log in _NAMES:
        if pattern.search(path.name):
            return log
    try:
        with open_log(path) as file:
            return _log_in(file.read(_HEAD_BYTES).replace(b"\0", b""))
    except (OSError, EOFError, zlib.error):
        return None


def open_log(path: Path) -> BinaryIO:
    """The file's bytes, unpacked. OSError when it cannot be read."""
    file = path.open("rb")
    magic = file.read(2)
    file.seek(0)
    if magic != _GZIP:
        return file
    file.close()
    return cast("BinaryIO", gzip.open(path, "rb"))


def chunks(path: Path, size_bytes: int = CHUNK_BYTES) -> Iterator[bytes]:
    """A file's bytes in pieces; LogsError when it cannot be read to its end."""
    try:
        with open_log(path) as file:
            while data := file.read(size_bytes):
                yield data
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or error
        raise LogsError(f"cannot read {path}: {reason}") from error


def _files(places: Iterable[Path]) -> Iterator[Path]:
    for place in places:
        if place.is_dir():
            yield from sorted(path for path in place.rglob("*") if path.is_file())
        elif place.exists():
            yield place
        else:
            raise LogsError(f"there is no file or folder {place}")


def _log_in(head: bytes) -> str | None:
    lines = head.split(b"\n")[:50]
    if any(line.startswith((b"#Software: Microsoft Internet", b"#Fields: ")) for line in lines):
        return "iis"
    if any(capf.time_of(line) for line in lines):
        return "capf"
    if any(b"EnrollmentService.sh" in line for line in lines):
        return "ces"
    return "nginx" if any(nginx.looks_right(line) for line in lines) else None
