"""A fault server as a child process: the same for every kind."""

import contextlib
from collections.abc import Mapping
from pathlib import Path

from testbed.bounds import Settings
from testbed.ownership import Owner
from testbed.scratch import scratch_directory
from testbed.supervision import PartDeath, PartProcess

_START_SECONDS = 30.0


class ChildServer(Owner):
    """`chaos.NAME` as a child process; a context manager that starts and stops it.

    Its standard error goes to `NAME.stderr.log` in `log_directory`. Entering raises PartFailed, with its own
    reason, when it does not start. It dies with this process, however that ends.
    """

    def __init__(self, name: str, settings: Settings, log_directory: Path) -> None:
        self.name = name
        self._settings = settings
        self._log_directory = log_directory
        self.addresses: Mapping[str, str] = {}

    def _take(self, owned: contextlib.ExitStack) -> None:
        name = self.name
        launch = owned.enter_context(scratch_directory(name)) / f"{name}.json"
        self._part = PartProcess(name, launch, self._log_directory, f"{name}*.log", f"chaos.{name}")
        owned.callback(self._part.stop)
        self.addresses = self._part.start(self._settings, _START_SECONDS)

    @property
    def pid(self) -> int:
        """The process id."""
        return self._part.pid

    def death(self) -> PartDeath | None:
        """How it ended by itself, or None while it runs."""
        return self._part.death()
