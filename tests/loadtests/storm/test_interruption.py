import os
import signal
import threading

import pytest

from loadtests.storm.interruption import interruptions_noted


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_is_noted_and_unwinds_nothing(number: signal.Signals) -> None:
    with interruptions_noted() as interruption:
        os.kill(os.getpid(), number)
        assert interruption.came


def test_a_second_signal_unwinds() -> None:
    with interruptions_noted():
        os.kill(os.getpid(), signal.SIGTERM)
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)


def test_the_handlers_of_before_come_back() -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    with interruptions_noted():
        pass
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before


def test_an_ignored_signal_stays_ignored() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with interruptions_noted() as interruption:
            os.kill(os.getpid(), signal.SIGINT)
        assert not interruption.came
    finally:
        signal.signal(signal.SIGINT, before)


def test_a_thread_that_gets_no_signals_can_use_it_all_the_same() -> None:
    came: list[bool] = []

    def use() -> None:
        with interruptions_noted() as interruption:
            came.append(interruption.came)

    thread = threading.Thread(target=use)
    thread.start()
    thread.join()
    assert came == [False]
