"""The child's side of a lab part: read settings, start, say «ready» or why not, run until told to stop.

A part is started as `python -m testbed.ca LAUNCH.json` with a pipe as standard output. It writes one JSON
line there, `{"ready": {...}}` with its addresses or `{"failed": "why"}`, one more of the kind after each
reload (`testbed.reloading`), and nothing else. SIGTERM and SIGINT end it in order; the death of its
supervisor ends it at once.

With `--prepare` behind the file it loads its code and then waits for its standard input to end: the file
need not be there before.
"""

import asyncio
import contextlib
import os
import resource
import signal
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Generic, TypeVar

import msgspec
import uvloop

from testbed import settings
from testbed.errors import TestbedError
from testbed.process_end import end_without_search
from testbed.tether import die_with_parent

S = TypeVar("S")
Addresses = Mapping[str, str]
RunningPart = Callable[[S], AbstractAsyncContextManager[Addresses]]
PREPARE = "--prepare"


class Launch(msgspec.Struct, Generic[S], frozen=True):
    """What a supervisor hands to a part: its own process id and the part's settings."""

    supervisor_pid: int
    settings: S


class Status(msgspec.Struct, frozen=True, omit_defaults=True):
    """A line that a part writes on its standard output: how its start ended, or a reload."""

    ready: dict[str, str] | None = None
    failed: str | None = None


def read_settings(path: Path, kind: type[S]) -> S:
    """The settings in the launch file at `path`, as it is now; SettingsError when it cannot be read."""
    launch: Launch[S] = settings.read(path, Launch[kind])  # type: ignore[valid-type]
    return launch.settings


def acknowledge(problem: str | None) -> None:
    """Tell the supervisor that a reload is done, or why everything is as it was."""
    _tell(Status(ready={}) if problem is None else Status(failed=problem))


def main(kind: type[S], running: RunningPart[S]) -> int:
    """Run a part from its command line; returns the exit code: 0 when stopped, 1 when it could not start."""
    end_without_search()
    path = Path(sys.argv[1])
    if PREPARE in sys.argv[2:]:
        sys.stdin.buffer.read()
    try:
        launch = settings.read(path, Launch[kind])  # type: ignore[valid-type]
        die_with_parent(launch.supervisor_pid)
        _allow_open_files()
        uvloop.run(_serve(running, launch.settings))
    except (TestbedError, OSError) as error:
        _tell(Status(failed=str(error)))
        return 1
    return 0


def _allow_open_files() -> None:
    """As many as the system allows: each client costs up to three, and 1024 is the usual limit."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


async def _serve(running: RunningPart[S], part_settings: S) -> None:
    """Until told to stop, which may be while it starts: what it has made by then is cleared away too."""
    ready = asyncio.Event()

    async def run() -> None:
        async with running(part_settings) as addresses:
            ready.set()
            _tell(Status(ready=dict(addresses)))
            await stopped.wait()

    async with _stop_signals() as stopped:
        serving, stop = asyncio.ensure_future(run()), asyncio.ensure_future(stopped.wait())
        await asyncio.wait((serving, stop), return_when=asyncio.FIRST_COMPLETED)
        if not ready.is_set():
            serving.cancel()
        stop.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await serving


@contextlib.asynccontextmanager
async def _stop_signals() -> AsyncIterator[asyncio.Event]:
    loop, stopped = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    yield stopped


def _tell(status: Status) -> None:
    line = msgspec.json.encode(status) + b"\n"
    with contextlib.suppress(BrokenPipeError):
        os.write(sys.stdout.fileno(), line)
