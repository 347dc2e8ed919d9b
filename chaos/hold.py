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
        hold = _Hold(file)
        try:
            with _alone(path):
                hold.enter(take)
            yield
        finally:
            if hold.holds:  # also when it was interrupted right after it had been taken
                with _alone(path):
                    hold.leave(give_back)


class _Hold:
    """One holder's lock on the file, shared with other holders; in the file is what the first has taken."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.holds = False

    def enter(self, take: Callable[[], bytes]) -> None:
        if _lock(self._file, fcntl.LOCK_EX):
            taken = take()
            self.holds = True
            self._file.truncate(0)
            self._file.write(taken)
            self._file.flush()
        fcntl.flock(self._file, fcntl.LOCK_SH)
        self.holds = True

    def leave(self, give_back: Callable[[bytes], None]) -> None:
        fcntl.flock(self._file, fcntl.LOCK_UN)
        self.holds = False
        if _lock(self._file, fcntl.LOCK_EX):
            self._file.seek(0)
            give_back(self._file.read())


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
