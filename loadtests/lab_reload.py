"""SIGHUP to `estorm lab`: the scenario is read again, and the parts that run go on with it."""

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType

from loadtests.errors import LoadtestError
from testbed.errors import TestbedError
from testbed.lab import Lab
from testbed.settings import LabSettings

Reread = Callable[[], LabSettings]


@contextlib.contextmanager
def reloading_on_sighup(lab: Lab, reread: Reread, say: Callable[[str], None]) -> Iterator[Callable[[], None]]:
    """SIGHUP is noted inside the block, which must be the main thread's; gives what to call now and then.

    That reloads the lab when it was asked for, and has `say` tell how it went.
    """
    asked = threading.Event()

    def note(_number: int, _frame: FrameType | None) -> None:
        asked.set()

    def reload_if_asked() -> None:
        if not asked.is_set():
            return
        asked.clear()
        try:
            lab.reload(reread())
            say("reloaded: both parts go on with the scenario as it is now")
        except (LoadtestError, TestbedError) as error:
            say(f"not reloaded: {' '.join(str(error).split())}")

    before = signal.signal(signal.SIGHUP, note)
    try:
        yield reload_if_asked
    finally:
        signal.signal(signal.SIGHUP, before)
