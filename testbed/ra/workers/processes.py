"""The RA's worker processes, as NGINX's master keeps its own: started, replaced, ended.

All share one listening socket. A worker that ends by itself is replaced. Each is tied to the RA in the
kernel, so none outlives it.
"""

import asyncio
import contextlib
import os
import signal
import sys
import time
from pathlib import Path

import msgspec
from prometheus_client import multiprocess

from testbed.errors import PartFailed
from testbed.part import Launch, Status
from testbed.ra.logs.logbook import Logbook
from testbed.ra.workers.worker import WorkerSettings
from testbed.settings import encode

# A worker that dies at once would be started over and over.
_RESPAWN_SECONDS = 1.0
_KILL_SECONDS = 2.0


class WorkerProcesses:
    """`count` processes; their metrics go to files in `metrics_directory`."""

    def __init__(self, count: int, metrics_directory: Path, logbook: Logbook) -> None:
        self._count = count
        self._metrics_directory = metrics_directory
        self._logbook = logbook
        self._processes: set[asyncio.subprocess.Process] = set()
        self._ready: set[asyncio.subprocess.Process] = set()
        self._watches: set[asyncio.Task[None]] = set()
        self._settings: WorkerSettings | None = None
        self._launches = 0
        self._stopping = False

    @property
    def pids(self) -> tuple[int, ...]:
        """The processes that run."""
        return tuple(process.pid for process in tuple(self._processes))

    @property
    def complete(self) -> bool:
        """Whether there are as many as there should be."""
        return len(self._ready) >= self._count

    async def start(self, settings: WorkerSettings) -> None:
        """Start all workers with these settings; those that run already end when the new ones serve.

        PartFailed when one does not become ready.
        """
        old = tuple(self._processes)
        self._settings = msgspec.structs.replace(settings, calls=())
        first, *others = [self._settings] * self._count
        first = msgspec.structs.replace(first, calls=settings.calls)
        await asyncio.gather(*(self._start_one(each) for each in (first, *others)))
        await asyncio.gather(*(self._end(process) for process in old))

    async def stop(self) -> None:
        """End all workers, each with the time its settings give to what is in flight."""
        self._stopping = True
        watches = tuple(self._watches)
        for watch in watches:
            watch.cancel()
        await asyncio.gather(*watches, return_exceptions=True)
        await asyncio.gather(*(self._end(process) for process in tuple(self._processes)))

    async def _start_one(self, settings: WorkerSettings) -> None:
        self._launches += 1
        path = settings.directory / f"worker-{self._launches}.json"
        path.touch(mode=0o600)
        path.write_bytes(encode(Launch(os.getpid(), settings)))
        with (settings.ra.log_directory / "ra.stderr.log").open("ab") as stderr:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "testbed.ra.workers.worker", str(path),
                stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=stderr,
                pass_fds=(settings.listener,),
                env={**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(self._metrics_directory)},
            )  # fmt: skip
        self._processes.add(process)
        assert process.stdout is not None
        line = await process.stdout.readline()
        path.unlink()
        status = msgspec.json.decode(line, type=Status) if line else Status(failed="it ended while starting")
        if status.failed is not None:
            await process.wait()
            self._processes.discard(process)
            raise PartFailed(f"a worker of the RA did not start: {status.failed}")
        self._ready.add(process)
        self._watch(process)

    async def _replaced(self, process: asyncio.subprocess.Process) -> None:
        code = await process.wait()
        self._processes.discard(process)
        self._ready.discard(process)
        multiprocess.mark_process_dead(process.pid, str(self._metrics_directory))  # type: ignore[no-untyped-call]
        if self._stopping or code == 0 or self._settings is None:
            return
        self._logbook.worker_died(process.pid, code, time.time())
        while not self._stopping:
            await asyncio.sleep(_RESPAWN_SECONDS)
            with contextlib.suppress(PartFailed):
                await self._start_one(self._settings)
                break

    def _watch(self, process: asyncio.subprocess.Process) -> None:
        task = asyncio.create_task(self._replaced(process))
        self._watches.add(task)
        task.add_done_callback(self._watches.discard)

    async def _end(self, process: asyncio.subprocess.Process) -> None:
        assert self._settings is not None
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
            process.send_signal(signal.SIGCONT)
        try:
            await asyncio.wait_for(process.wait(), self._settings.ra.ra.drain_seconds + _KILL_SECONDS)
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
