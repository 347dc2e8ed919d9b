"""Things that several strikes may do at once and that must be undone once, by the last of them.

    with held(system, "ca.paused", pause, resume):
        ...

Who holds is kept in locks on a file of the lab, so that a process that is killed holds nothing any more.
"""

import contextlib
import fcntl
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

from chaos.system import System

_POLL_SECONDS = 0.005


@contextlib.contextmanager
def held(
    system: System, name: str, take: Callable[[], bytes], give_back: Callable[[bytes], None]
) -> Iterator[None]:
    """Have what `name` stands for during the block: `take` is called by the first holder.

    `give_back` is called by the last one, with what `take` has returned. What they raise comes through; a
    `take` that raises has taken nothing.
    """
    path = system.pki / f".{name}.hold"
    with path.open("a+b") as file:
        with _alone(path):
            _enter(file, take)
        try:
            yield
        finally:
            with _alone(path):
                _leave(file, give_back)


def _enter(file: IO[bytes], take: Callable[[], bytes]) -> None:
    if _lock(file, fcntl.LOCK_EX):
        taken = take()
        file.truncate(0)
        file.write(taken)
        file.flush()
    fcntl.flock(file, fcntl.LOCK_SH)


def _leave(file: IO[bytes], give_back: Callable[[bytes], None]) -> None:
    fcntl.flock(file, fcntl.LOCK_UN)
    if _lock(file, fcntl.LOCK_EX):
        file.seek(0)
        give_back(file.read())


@contextlib.contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Nobody else enters or leaves during the block; waits without blocking a gevent loop."""
    with path.with_suffix(".mutex").open("ab") as mutex:
        while not _lock(mutex, fcntl.LOCK_EX):
            time.sleep(_POLL_SECONDS)
        yield


def _lock(file: IO[bytes], kind: int) -> bool:
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
