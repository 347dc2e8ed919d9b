"""Processes that simulate, one a CPU; Ctrl-C is the command's to answer, not theirs."""

import contextlib
import multiprocessing
import os
import signal
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor, wait
from typing import TypeVar

from loadtests.errors import Interrupted
from testbed.tether import die_with_parent

Result = TypeVar("Result")
# How long a Ctrl-C may go unnoticed.
_LOOK_SECONDS = 0.1


@contextlib.contextmanager
def simulating_processes(count: int | None = None) -> Iterator[Executor]:
    """An executor that simulates on every CPU; whichever way the context ends, none of them stays.

    Where an exception ends it, what they are at is not waited for.
    """
    # Polars has threads, which a forked process would find stopped in the middle.
    context = multiprocessing.get_context("spawn")
    others = set(multiprocessing.active_children())
    executor = ProcessPoolExecutor(
        count or os.cpu_count() or 1, context, initializer=_begin, initargs=(os.getpid(),)
    )
    try:
        yield executor
    except BaseException:
        for process in set(multiprocessing.active_children()) - others:
            process.terminate()
        raise
    finally:
        executor.shutdown(wait=True, cancel_futures=True)


def results(
    executor: Executor, tasks: Iterable[Callable[[], Result]], interrupted: Callable[[], bool]
) -> list[Result]:
    """What the tasks come to, in their order. Interrupted when the user wants an end before."""
    futures = _submitted(executor, tasks)
    while not interrupted():
        if not wait(futures, _LOOK_SECONDS).not_done:
            return [each.result() for each in futures]
    for each in futures:
        each.cancel()
    raise Interrupted("the simulations were interrupted")


def _submitted(executor: Executor, tasks: Iterable[Callable[[], Result]]) -> list[Future[Result]]:
    """A process that is started here inherits the mask: a Ctrl-C in its first second must not end it."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        return [executor.submit(task) for task in tasks]
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _begin(parent: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    die_with_parent(parent)
