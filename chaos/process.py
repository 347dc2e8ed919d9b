"""Faults of a whole process: killed without a word, or frozen and thawed. Real signals to real processes."""

import contextlib
import os
import signal
import time
from collections.abc import Iterator

import psutil

from chaos.errors import FaultNotInjected

_STOP_SECONDS = 5.0
_POLL_SECONDS = 0.005


def kill(pid: int) -> None:
    """End the process at once (SIGKILL): nothing is flushed, closed or answered."""
    os.kill(pid, signal.SIGKILL)


@contextlib.contextmanager
def paused(pid: int) -> Iterator[None]:
    """Freeze the process (SIGSTOP) inside the block: its sockets stay open, nothing answers.

    The block starts when the kernel has stopped it; FaultNotInjected when it does not within 5 s.
    """
    os.kill(pid, signal.SIGSTOP)
    try:
        _wait_until_stopped(pid)
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)


def _wait_until_stopped(pid: int) -> None:
    deadline = time.monotonic() + _STOP_SECONDS
    while psutil.Process(pid).status() != psutil.STATUS_STOPPED:
        if time.monotonic() > deadline:
            raise FaultNotInjected(f"process {pid} was not stopped within {_STOP_SECONDS:g} s")
        time.sleep(_POLL_SECONDS)
