"""CPU time of each process of a run, kept even when a process is killed in between."""

from collections.abc import Mapping

import psutil


class CpuMeter:
    """Sums user and system time of processes and their children, in seconds since `mark`.

    Sample it now and then: a process that dies keeps the seconds of its last sample.
    """

    def __init__(self, pids: Mapping[str, int]) -> None:
        self._pids = dict(pids)
        self._seconds = dict.fromkeys(pids, 0.0)
        self._marked = dict.fromkeys(pids, 0.0)

    def sample(self) -> None:
        """Read the counters of every process that still runs."""
        for name, pid in self._pids.items():
            self._seconds[name] = max(self._seconds[name], _cpu_seconds(pid))

    def mark(self) -> None:
        """Count from here."""
        self.sample()
        self._marked = dict(self._seconds)

    def seconds(self) -> dict[str, float]:
        """CPU seconds by process name, between the mark and the last sample."""
        return {name: round(self._seconds[name] - self._marked[name], 3) for name in self._pids}


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
