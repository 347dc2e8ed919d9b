"""Private directories for keys and passwords, gone when their owner is, whichever way it went."""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil

_PREFIX = "estorm-"


@contextlib.contextmanager
def scratch_directory(purpose: str) -> Iterator[Path]:
    """Yield a new directory only this user can read (mode 0700), removed on leaving.

    What an owner killed by SIGKILL left behind is removed by the next one.
    """
    remove_abandoned(Path(tempfile.gettempdir()))
    with tempfile.TemporaryDirectory(prefix=f"{_PREFIX}{purpose}-{os.getpid()}-") as directory:
        yield Path(directory)


def remove_abandoned(root: Path) -> None:
    """Remove scratch directories in `root` whose owner no longer runs."""
    for directory in root.glob(f"{_PREFIX}*-*-*"):
        owner = directory.name.split("-")[-2]
        if owner.isdigit() and not psutil.pid_exists(int(owner)):
            shutil.rmtree(directory, ignore_errors=True)
