"""Ctrl-C and SIGTERM taken when it suits: between two looks at a storm, so that none is left half done."""

import contextlib
import signal
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@dataclass(slots=True)
class Interruption:
    """Whether the user wants an end."""

    came: bool = False


@contextlib.contextmanager
def interruptions_noted() -> Iterator[Interruption]:
    """Note the first SIGINT or SIGTERM while the context lasts; a second one raises KeyboardInterrupt.

    A signal that was ignored stays ignored. Only the main thread gets signals; elsewhere nothing is noted.
    """
    interruption = Interruption()

    def note(_number: int, _frame: FrameType | None) -> None:
        if interruption.came:
            raise KeyboardInterrupt
        interruption.came = True

    with contextlib.ExitStack() as before:
        if threading.current_thread() is threading.main_thread():
            for number in _SIGNALS:
                if (handler := signal.getsignal(number)) is not signal.SIG_IGN:
                    signal.signal(number, note)
                    before.callback(signal.signal, number, handler)
        yield interruption
