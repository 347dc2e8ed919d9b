"""How a process of ours ends."""

import atexit
import gc


def end_without_search() -> None:
    """Spare this process the interpreter's last searches for garbage, all of which ends with it anyway.

    They go through everything that was ever loaded: 0.06 s of CPU in a part of the lab, 0.15 s in Locust,
    while somebody waits for the end. What is in use is closed by its owner, as always.
    """
    atexit.register(gc.freeze)
