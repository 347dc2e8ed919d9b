"""The console script. Code takes a tenth of a second or more to load; Ctrl-C meanwhile ends it, silently."""

import os
import signal
from collections.abc import Callable
from types import FrameType
from typing import TypeVar

Loaded = TypeVar("Loaded")
# 128 + SIGINT; `loadtests.exits` has it by name, and takes click to load.
_INTERRUPTED = 130


def main() -> None:
    """Run the command line: `loadtests.cli.main`."""
    loaded(_command_line)()


def loaded(load: Callable[[], Loaded]) -> Loaded:
    """What `load` gives. A Ctrl-C before that ends this process with exit code 130.

    Nothing has been started yet that would have to be stopped, and a KeyboardInterrupt in the middle of an
    import comes out as a traceback, or as whatever the module makes of it. Other handlers stay as they are.
    """
    if signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        return load()
    signal.signal(signal.SIGINT, _end)
    try:
        return load()
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _command_line() -> Callable[[], None]:
    from loadtests import cli  # noqa: PLC0415 - what takes long to load

    return cli.main


def _end(_number: int, _frame: FrameType | None) -> None:
    os._exit(_INTERRUPTED)
