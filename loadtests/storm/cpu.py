"""CPU time of each process of a run, kept even when a process is killed in between."""

import contextlib
from collections import defaultdict
from collections.abc import Callable, Mapping
from pathlib import Path

import psutil


class CpuMeter:
    """Sums user and system time of processes and their children, in seconds since `mark`.

    Sample it now and then: a process that dies keeps the seconds of its last sample. `pids` gives the
    processes of now, by name; one that was started anew adds to what the one before it used.
    """

    def __init__(self, pids: Callable[[], Mapping[str, int]]) -> None:
        self._pids = pids
        self._used: dict[str, dict[int, float]] = defaultdict(dict)
        self._marked: dict[str, float] = {}

    def sample(self) -> None:
        """Read the counters of every process that still runs."""
        for name, pid in self._pids().items():
            used = self._used[name]
            if pid:
                used[pid] = max(used.get(pid, 0.0), _cpu_seconds(pid))

    def mark(self) -> None:
        """Count from here."""
        self.sample()
        self._marked = self._sums()

    def seconds(self) -> dict[str, float]:
        """CPU seconds by process name, between the mark and the last sample."""
        return {name: round(used - self._marked.get(name, 0.0), 3) for name, used in self._sums().items()}

    def _sums(self) -> dict[str, float]:
        return {name: sum(used.values()) for name, used in self._used.items()}


def child_running(pid: int, program: str) -> int:
    """The process that this one started of that name or path; 0 when there is none, as yet or any more."""
    name = Path(program).name
    with contextlib.suppress(psutil.Error):
        return next((child.pid for child in psutil.Process(pid).children() if child.name() == name), 0)
    return 0


def _cpu_seconds(pid: int) -> float:
    total = 0.0
    try:
        process = psutil.Process(pid)
        for each in (process, *process.children(recursive=True)):
            times = each.cpu_times()
            total += times.user + times.system
    except psutil.Error:
        pass
    return total
