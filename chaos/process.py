"""Faults of whole processes: killed without a word, or frozen and thawed. Real signals to real processes."""

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


def is_paused(pid: int) -> bool:
    """Whether the process is frozen; one that is not there is not."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_STOPPED
    except psutil.NoSuchProcess:
        return False


def family(pid: int) -> tuple[int, ...]:
    """The process and everything that it has started, and that has, parents first; none when it is gone."""
    try:
        parent = psutil.Process(pid)
        return (pid, *(child.pid for child in parent.children(recursive=True)))
    except psutil.NoSuchProcess:
        return ()


@contextlib.contextmanager
def paused(pid: int) -> Iterator[None]:
    """Freeze the process inside the block; see `pause` and `resume`."""
    pause(pid)
    try:
        yield
    finally:
        resume(pid)


def pause(*pids: int) -> None:
    """Freeze the processes (SIGSTOP): their sockets stay open, nothing answers.

    Returns when the kernel has stopped them. FaultNotInjected when it does not within 5 s, or when one is
    gone; then none is frozen.
    """
    try:
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        for pid in pids:
            _wait_until_stopped(pid)
    except (FaultNotInjected, OSError) as error:
        resume(*pids)
        raise FaultNotInjected(f"cannot pause {', '.join(map(str, pids))}: {error}") from error


def resume(*pids: int) -> None:
    """Thaw the processes (SIGCONT); those that are gone need none of it."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)


def _wait_until_stopped(pid: int) -> None:
    deadline = time.monotonic() + _STOP_SECONDS
    while not is_paused(pid):
        if time.monotonic() > deadline:
            raise FaultNotInjected(f"process {pid} was not stopped within {_STOP_SECONDS:g} s")
        time.sleep(_POLL_SECONDS)
