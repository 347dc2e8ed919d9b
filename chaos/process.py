"""Faults of a whole process: killed without a word, or frozen and thawed. Real signals to real processes."""

import contextlib
import os
import signal
from collections.abc import Iterator


def kill(pid: int) -> None:
    """End the process at once (SIGKILL): nothing is flushed, closed or answered."""
    os.kill(pid, signal.SIGKILL)


@contextlib.contextmanager
def paused(pid: int) -> Iterator[None]:
    """Freeze the process (SIGSTOP) inside the block: its sockets stay open, nothing answers."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)
