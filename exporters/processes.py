"""What the kernel knows of a part: its processes' time and memory, its accept queue."""

from collections.abc import Callable, Iterable, Iterator

import psutil
from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from exporters.ra import ACCEPT_QUEUE, ACCEPT_QUEUE_SIZE


class ProcessGroup(Collector):
    """The standard `process_` metrics, summed over all processes of a part."""

    def __init__(self, pids: Callable[[], Iterable[int]]) -> None:
        self._pids = pids

    def collect(self) -> Iterator[Metric]:
        """Seconds of CPU, bytes resident, open files; of processes that run."""
        cpu_seconds, resident_bytes, files = 0.0, 0, 0
        for pid in self._pids():
            try:
                process = psutil.Process(pid)
                times = process.cpu_times()
                cpu_seconds += times.user + times.system
                resident_bytes += process.memory_info().rss
                files += process.num_fds()
            except psutil.Error:
                continue
        yield CounterMetricFamily("process_cpu_seconds", "User and system time.", cpu_seconds)
        yield GaugeMetricFamily("process_resident_memory_bytes", "Memory in use.", resident_bytes)
        yield GaugeMetricFamily("process_open_fds", "Open files.", files)


class AcceptQueue(Collector):
    """How many connections wait to be accepted; `queued` gives that number and the queue's size."""

    def __init__(self, queued: Callable[[], tuple[int, int]]) -> None:
        self._queued = queued

    def collect(self) -> Iterator[Metric]:
        """The queue as it is now; 0 of 0 where the kernel does not say."""
        length, size = self._queued()
        yield GaugeMetricFamily(ACCEPT_QUEUE.name, ACCEPT_QUEUE.meaning, length)
        yield GaugeMetricFamily(ACCEPT_QUEUE_SIZE.name, ACCEPT_QUEUE_SIZE.meaning, size)
