"""`python -m testbed.ra.workers.worker LAUNCH.json`: one of several workers, started by the RA itself."""

import contextlib
import os
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path

from cryptography import x509

from testbed import part
from testbed.bounds import Settings
from testbed.part import Addresses
from testbed.ra.certificates import CaChain
from testbed.ra.logs.logbook import Logbook
from testbed.ra.workers.memory import Memory
from testbed.ra.workers.serving import Worker
from testbed.settings import RaPartSettings


class CountedCall(Settings, frozen=True):
    """A call to the CA that another process made and this one counts."""

    stage: str
    seconds: float
    cause: str | None = None


class WorkerSettings(Settings, frozen=True):
    """What a worker is started with: the RA's settings, its listening socket, the CA's chain in PEM.

    `calls` are those the RA made to read the chain; one worker counts them.
    """

    ra: RaPartSettings
    listener: int
    chain: bytes
    directory: Path
    trusted: tuple[str, ...]
    calls: tuple[CountedCall, ...] = ()


@contextlib.asynccontextmanager
async def running(settings: WorkerSettings) -> AsyncIterator[Addresses]:
    """The worker while the context lasts; it has no addresses of its own."""
    chain = CaChain(x509.load_pem_x509_certificates(settings.chain))
    listener = socket.socket(fileno=settings.listener)
    listener.setblocking(False)
    with (
        Logbook(settings.ra.log_directory, settings.trusted, os.getpid()) as logbook,
        Memory(settings.directory) as memory,
    ):
        worker = Worker(settings.ra, chain, logbook, memory, settings.directory)
        for call in settings.calls:
            worker.metrics.called(call.stage, call.seconds, call.cause)
        async with worker.serving(listener):
            yield {}


if __name__ == "__main__":
    sys.exit(part.main(WorkerSettings, running))
