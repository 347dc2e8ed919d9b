"""Processes that simulate, one a CPU; Ctrl-C is the command's to answer, not theirs."""

import contextlib
import multiprocessing
import os
import signal
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor

from testbed.tether import die_with_parent


@contextlib.contextmanager
def simulating_processes(count: int | None = None) -> Iterator[Executor]:
    """An executor that simulates on every CPU; whichever way the context ends, none of them stays."""
    # Polars has threads, which a forked process would find stopped in the middle.
    context = multiprocessing.get_context("spawn")
    executor = ProcessPoolExecutor(
        count or os.cpu_count() or 1, context, initializer=_begin, initargs=(os.getpid(),)
    )
    try:
        yield executor
    finally:
        executor.shutdown(wait=True, cancel_futures=True)


def _begin(parent: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    die_with_parent(parent)
