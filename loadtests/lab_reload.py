"""SIGHUP to `estorm lab`: the scenario is read again, and the parts that run go on with it."""

import contextlib
import signal
from collections.abc import Callable, Iterator
from types import FrameType

from loadtests.errors import LoadtestError
from testbed.errors import TestbedError
from testbed.lab import Lab
from testbed.settings import LabSettings

Reread = Callable[[], LabSettings]


@contextlib.contextmanager
def reloading_on_sighup(lab: Lab, reread: Reread, say: Callable[[str], None]) -> Iterator[None]:
    """SIGHUP reloads the lab inside the block, which must be the main thread's; `say` tells how it went."""

    def reload(_number: int, _frame: FrameType | None) -> None:
        # One at a time; another signal waits for its turn.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGHUP})
        try:
            lab.reload(reread())
            say("reloaded: both parts go on with the scenario as it is now")
        except (LoadtestError, TestbedError) as error:
            say(f"not reloaded: {' '.join(str(error).split())}")
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGHUP})

    before = signal.signal(signal.SIGHUP, reload)
    try:
        yield
    finally:
        signal.signal(signal.SIGHUP, before)
