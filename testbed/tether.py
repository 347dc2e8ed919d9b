"""Ties a process to the one that started it: when the supervisor dies, even by SIGKILL, so does the part.

`python -m testbed.tether PARENT COMMAND...` does so for a program that is not ours: it gets SIGTERM, so that
it can end what it has started itself.
"""

import ctypes
import os
import signal
import sys
import threading
import time

_PR_SET_PDEATHSIG = 1
_POLL_SECONDS = 0.5


def die_with_parent(parent_pid: int, death_signal: signal.Signals = signal.SIGKILL) -> None:
    """Arrange for this process to be killed when `parent_pid`, its parent, ends.

    Linux delivers the signal in the kernel (prctl(2), PR_SET_PDEATHSIG): SIGKILL ends a paused process too.
    Elsewhere a daemon thread watches the parent.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, death_signal)
        if os.getppid() != parent_pid:
            os.kill(os.getpid(), death_signal)
    else:
        threading.Thread(target=_watch, args=(parent_pid,), name="tether", daemon=True).start()


def _watch(parent_pid: int) -> None:
    while os.getppid() == parent_pid:
        time.sleep(_POLL_SECONDS)
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    die_with_parent(int(sys.argv[1]), signal.SIGTERM)
    os.execvp(sys.argv[2], sys.argv[2:])  # noqa: S606 - the command is the part's own
