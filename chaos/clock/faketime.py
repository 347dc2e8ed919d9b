"""A process's clock in another's hands: libfaketime, preloaded, and the file it reads.

The file is read at the first look at the clock in each second of the true time, so a change is there within a
second, for all processes of the tree, and a look costs 0.09 us. Read at every look (FAKETIME_NO_CACHE), at
4 us, it has c-ares take the name server for gone in two queries of three. The monotonic clock, and with it
every timer, stays as it is.

A rate of libfaketime's own would stretch sleeps and polls too, and counts from each process's start. So a
clock that drifts is stepped here, and its processes see the step once a second.
"""

import importlib.util
import platform
import sys
import threading
import time
from collections.abc import Callable, Mapping
from importlib.machinery import ModuleSpec
from pathlib import Path

import psutil

from chaos.errors import ClockUnavailable
from chaos.system import Reading
from exporters.whole_file import replace_whole
from testbed.ownership import Closing

STEP_SECONDS = 0.02
_IN_WHEEL = Path("vendor/libfaketime/src/libfaketime.so.1")
_MACHINE = "x86_64"
_SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - where sem_open(3) and shm_open(3) have their names
_JOIN_SECONDS = 5.0
_LATE_SECONDS = 0.005


def library(find: Callable[[str], ModuleSpec | None] = importlib.util.find_spec) -> Path:
    """The shared library; ClockUnavailable says in one line why there is none, and how to get it."""
    if sys.platform != "linux" or platform.machine() != _MACHINE:
        raise ClockUnavailable(
            f"the clock of a process cannot be shifted on {sys.platform} {platform.machine()}: libfaketime's "
            f"wheel is for linux {_MACHINE}; use a tls fault, which shifts the certificates instead"
        )
    found = find("libfaketime")
    path = Path(found.origin).parent / _IN_WHEEL if found and found.origin else None
    if path is None or not path.exists():
        raise ClockUnavailable(
            "the clock of a process cannot be shifted: libfaketime is not installed; get it with "
            "pip install 'estorm[clock]', or use a tls fault, which shifts the certificates instead"
        )
    return path


def is_preloaded(pid: int) -> bool:
    """Whether the process `pid` looks at its clock through libfaketime; False when it is gone."""
    try:
        return _IN_WHEEL.name in Path(f"/proc/{pid}/maps").read_text(errors="replace")
    except OSError:
        return False


class FakeClock(Closing):
    """What processes that are started with `environment` take for the time; the true one until `show`.

    The file at `path` holds how far it is off. `close` it, or use it as a context manager: the clock is then
    right again.
    """

    def __init__(self, path: Path, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._path = path
        self._monotonic = monotonic
        self._drift: threading.Thread | None = None
        self._steady = threading.Event()
        self._shown = Reading()
        self._write(0.0)

    @property
    def environment(self) -> Mapping[str, str]:
        """What to start a process with, beside its own environment; ClockUnavailable without libfaketime."""
        return {
            "LD_PRELOAD": str(library()),
            "FAKETIME_TIMESTAMP_FILE": str(self._path.absolute()),
            "FAKETIME_CACHE_DURATION": "0",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "NO_FAKE_STAT": "1",
        }

    def show(self, reading: Reading) -> None:
        """Show this from now on, `Reading()` is the true time; returns when it is seen, within a second."""
        if reading == self._shown == Reading():
            return
        self._set(reading)
        time.sleep(1.0 - time.time() % 1.0 + _LATE_SECONDS)

    def _set(self, reading: Reading) -> None:
        self._stand_still()
        self._shown = reading
        since = self._monotonic()
        self._write(reading.offset_seconds)
        if reading.rate != 1.0:
            self._steady = threading.Event()
            self._drift = threading.Thread(
                target=self._step, args=(reading, since, self._steady), name="clock-drift", daemon=True
            )
            self._drift.start()

    def close(self) -> None:
        """Show the true time, and step no more."""
        self._set(Reading())

    def _stand_still(self) -> None:
        self._steady.set()
        if self._drift is not None:
            self._drift.join(_JOIN_SECONDS)
            self._drift = None

    def _step(self, reading: Reading, since: float, steady: threading.Event) -> None:
        while not steady.wait(STEP_SECONDS):
            gained = (reading.rate - 1.0) * (self._monotonic() - since)
            self._write(reading.offset_seconds + gained)

    def _write(self, offset_seconds: float) -> None:
        replace_whole(self._path, f"{offset_seconds:+.6f}\n".encode())


def sweep_up_abandoned() -> None:
    """Remove what libfaketime has left in shared memory of processes that were killed."""
    for path in _SHARED_MEMORY.glob("*faketime_s[eh]m_*"):
        owner = path.name.rpartition("_")[2]
        if owner.isdigit() and not psutil.pid_exists(int(owner)):
            path.unlink(missing_ok=True)
