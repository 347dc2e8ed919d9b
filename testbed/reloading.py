"""SIGHUP: a running part reads its launch file again and goes on with what it finds there."""

import asyncio
import contextlib
import logging
import signal
from collections.abc import Awaitable, Callable, Iterator
from typing import Generic, TypeVar

from testbed.errors import TestbedError

_LOGGER = logging.getLogger(__name__)
S = TypeVar("S")


class Reloader(Generic[S]):
    """Goes on with other settings when asked to; one reload at a time.

    `reread` gives the settings anew, `apply` goes on with them, `tell` is told of each reload: None, or why
    everything is as it was.
    """

    def __init__(
        self,
        reread: Callable[[], S],
        apply: Callable[[S], Awaitable[None]],
        tell: Callable[[str | None], None],
    ) -> None:
        self._reread, self._apply, self._tell = reread, apply, tell
        self._wanted = asyncio.Event()

    @contextlib.contextmanager
    def on_sighup(self) -> Iterator[None]:
        """SIGHUP reloads while the context lasts."""
        loop = asyncio.get_running_loop()
        task = loop.create_task(self._reload_when_wanted())
        loop.add_signal_handler(signal.SIGHUP, self._wanted.set)
        try:
            yield
        finally:
            loop.remove_signal_handler(signal.SIGHUP)
            task.cancel()

    async def _reload_when_wanted(self) -> None:
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            problem = None
            try:
                await self._apply(self._reread())
            except (TestbedError, OSError) as error:
                problem = str(error)
            except Exception as error:  # a defect must not leave who asked waiting
                _LOGGER.exception("reload failed")
                problem = f"{type(error).__name__}: {error}"
            self._tell(problem)
