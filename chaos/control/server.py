"""The control's server, on loopback, in a thread of its own: what it starts lives as long as that thread."""

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator
from types import TracebackType
from typing import Self

from chaos.control.desk import Desk
from testbed.web.server import HttpServer

_MEND_SECONDS = 1.0


class ControlServer:
    """Serves the control that its `desk` is given; a context manager that starts and ends its thread.

    What could not be taken back is tried again every second.
    """

    def __init__(self) -> None:
        self.desk = Desk()
        self.url = ""
        self._loop = asyncio.new_event_loop()
        self._ended = asyncio.Event()
        self._started = threading.Event()
        self._thread = threading.Thread(target=self._run, name="control", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._started.wait()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._ended.set)
        self._thread.join()

    def _run(self) -> None:
        try:
            with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
                runner.run(self._serve())
        finally:
            self._started.set()

    async def _serve(self) -> None:
        async with _listening(HttpServer(self.desk.session, None)) as self.url:
            self._started.set()
            while not self._ended.is_set():
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._ended.wait(), _MEND_SECONDS)
                self._mend()

    def _mend(self) -> None:
        if self.desk.control is not None and not self._ended.is_set():
            self.desk.control.mend()


@contextlib.asynccontextmanager
async def _listening(server: HttpServer) -> AsyncIterator[str]:
    host, port = await server.start("127.0.0.1", 0)
    try:
        yield f"http://{host}:{port}"
    finally:
        await server.stop()
