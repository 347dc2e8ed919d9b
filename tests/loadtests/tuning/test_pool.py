"""Processes that simulate: what they find comes back, and a user who wants an end need not wait for them."""

import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import psutil
import pytest

from loadtests.errors import Interrupted
from loadtests.tuning.pool import results, simulating_processes
from tests.processes import all_gone

FOREVER_SECONDS = 3600.0


def never() -> bool:
    return False


def test_what_tasks_come_to_has_the_order_of_the_tasks() -> None:
    with ThreadPoolExecutor(2) as executor:
        assert results(executor, [partial(pow, 2, number) for number in range(5)], never) == [1, 2, 4, 8, 16]


def test_who_wants_an_end_need_not_wait_for_what_is_under_way() -> None:
    done, begun = threading.Event(), threading.Event()

    def at_work() -> None:
        begun.set()
        done.wait()

    with ThreadPoolExecutor(1) as executor:
        try:
            with pytest.raises(Interrupted):
                results(executor, [at_work, at_work], begun.is_set)
        finally:
            done.set()


def test_what_a_task_fails_with_is_told() -> None:
    with ThreadPoolExecutor(1) as executor, pytest.raises(ZeroDivisionError):
        results(executor, [partial(divmod, 1, 0)], never)


@pytest.mark.long
def test_processes_that_are_at_work_end_with_an_interruption() -> None:
    simulating: list[psutil.Process] = []

    def interrupted() -> None:
        looks = iter([False, True])
        with simulating_processes(1) as executor:
            simulating.extend(map(psutil.Process, results(executor, [os.getpid], never)))
            results(executor, [partial(time.sleep, FOREVER_SECONDS)], partial(next, looks))

    with pytest.raises(Interrupted):
        interrupted()
    assert simulating
    assert all_gone(simulating)
