"""One lock for all worker processes of the RA: a file, gone with its process at the latest."""

import asyncio
import fcntl
import os
from pathlib import Path

_POLL_SECONDS = 0.02


class Lock:
    """Held until it is released, or its process ends."""

    def __init__(self, file: int, path: Path) -> None:
        self._file, self._path = file, path

    def release(self) -> None:
        """Let the next one go on."""
        self._path.unlink(missing_ok=True)
        os.close(self._file)


async def lock(path: Path) -> Lock:
    """Wait until nobody holds the lock of that name, and hold it; `path` exists while somebody does."""
    while True:
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _is_file(file, path):
                return Lock(file, path)
        except BlockingIOError:
            pass
        os.close(file)
        await asyncio.sleep(_POLL_SECONDS)


def _is_file(file: int, path: Path) -> bool:
    """Whether `path` still names the open `file`: the one who held it before may have removed it."""
    try:
        return os.fstat(file).st_ino == path.stat().st_ino
    except FileNotFoundError:
        return False
