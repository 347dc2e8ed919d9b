"""All the workers of the RA as one: in this process, or several processes."""

import asyncio
import contextlib
import os
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from cryptography.hazmat.primitives.serialization import Encoding
from prometheus_client import CollectorRegistry
from prometheus_client.multiprocess import MultiProcessCollector

from exporters.endpoint import Health
from exporters.processes import ProcessGroup
from testbed.ra.certificates import CaChain
from testbed.ra.certsrv.calls import CaCall
from testbed.ra.logs.logbook import Logbook
from testbed.ra.workers.memory import Memory
from testbed.ra.workers.processes import WorkerProcesses
from testbed.ra.workers.serving import Worker
from testbed.ra.workers.worker import CountedCall, WorkerSettings
from testbed.settings import RaPartSettings

_HEALTH_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Orders:
    """What to serve with: settings, the CA's chain, and the calls that reading it took, to be counted."""

    settings: RaPartSettings
    chain: CaChain
    calls: tuple[CaCall, ...] = ()


@dataclass(frozen=True, slots=True)
class Workplace:
    """What all workers share: the listening socket, a directory, the log, the trust anchors' subjects."""

    listener: socket.socket
    directory: Path
    logbook: Logbook
    trusted: Sequence[str]


class Crew(Protocol):
    """The workers, wherever they are."""

    registry: CollectorRegistry

    def health(self) -> Health:
        """Whether clients are served; called from another thread."""
        ...

    async def reload(self, orders: Orders) -> None:
        """Serve with these from now on."""
        ...


class _Alone:
    """The only process, which is this one."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker
        self._loop = asyncio.get_running_loop()
        self.registry = worker.metrics.registry

    def health(self) -> Health:
        """Well while the event loop answers."""
        try:
            asyncio.run_coroutine_threadsafe(asyncio.sleep(0), self._loop).result(_HEALTH_SECONDS)
        except TimeoutError:
            return Health(well=False, details={"problem": "the worker does not answer"})
        return Health(well=True, details={"workers": [os.getpid()]})

    async def reload(self, orders: Orders) -> None:
        """New clients are served with these."""
        await self._worker.replace(orders.settings, orders.chain)
        _count(orders, self._worker)


@contextlib.asynccontextmanager
async def _alone(orders: Orders, place: Workplace) -> AsyncIterator[_Alone]:
    with Memory(place.directory) as memory:
        worker = Worker(orders.settings, orders.chain, place.logbook, memory, place.directory)
        _count(orders, worker)
        async with worker.serving(place.listener):
            yield _Alone(worker)


def _count(orders: Orders, worker: Worker) -> None:
    for call in orders.calls:
        worker.metrics.called(call.stage.value, call.seconds, call.cause)


class _Many:
    """Workers that are processes."""

    def __init__(self, processes: WorkerProcesses, place: Workplace, metrics_directory: Path) -> None:
        self._processes, self._workplace = processes, place
        self.registry = CollectorRegistry()
        MultiProcessCollector(self.registry, path=str(metrics_directory))  # type: ignore[no-untyped-call]
        self.registry.register(ProcessGroup(lambda: (os.getpid(), *processes.pids)))

    def health(self) -> Health:
        """Well while every worker runs."""
        pids = self._processes.pids
        return Health(well=self._processes.complete, details={"workers": sorted(pids)})

    async def reload(self, orders: Orders) -> None:
        """New workers take over; the old ones end what they have begun."""
        await self._processes.start(_for_worker(self._workplace, orders))


@contextlib.asynccontextmanager
async def _many(orders: Orders, place: Workplace) -> AsyncIterator[_Many]:
    metrics_directory = place.directory / "metrics"
    metrics_directory.mkdir()
    processes = WorkerProcesses(orders.settings.ra.workers.process_count, metrics_directory, place.logbook)
    crew = _Many(processes, place, metrics_directory)
    # Made and held open here: processes that make it at the same time lock each other out.
    with Memory(place.directory):
        try:
            await crew.reload(orders)
            yield crew
        finally:
            await asyncio.shield(processes.stop())


def _for_worker(place: Workplace, orders: Orders) -> WorkerSettings:
    pem = b"".join(certificate.public_bytes(Encoding.PEM) for certificate in orders.chain.certificates)
    counted = tuple(CountedCall(call.stage.value, call.seconds, call.cause) for call in orders.calls)
    return WorkerSettings(
        orders.settings, place.listener.fileno(), pem, place.directory, tuple(place.trusted), counted
    )


def working(orders: Orders, place: Workplace) -> AbstractAsyncContextManager[Crew]:
    """The workers that the settings want, while the context lasts; PartFailed when one does not start."""
    if orders.settings.ra.workers.process_count == 1:
        return _alone(orders, place)
    return _many(orders, place)
