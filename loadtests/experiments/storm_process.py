"""An experiment's storm as a child process: `estorm storm` on a chain that can be broken."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from loadtests.errors import ExperimentFailed
from loadtests.scenario import Scenario
from testbed.ownership import Owner
from testbed.scratch import scratch_directory

_START_SECONDS = 60.0
_STOP_SECONDS = 30.0
_POLL_SECONDS = 0.02
_SHOWN_LINES = 3


class StormProcess(Owner):
    """The storm; a context manager that ends it in order. It ends with this process, however that does.

    `folder` is its run folder. Entering returns when the chain is up; ExperimentFailed with the storm's own
    words when it is not.
    """

    def __init__(self, scenario: Scenario, folder: Path) -> None:
        self._scenario = scenario
        self._folder = folder

    def _take(self, owned: contextlib.ExitStack) -> None:
        scratch = owned.enter_context(scratch_directory("experiment"))
        self.endpoints = scratch / "endpoints.json"
        self._log = scratch / "storm.log"
        scenario = scratch / "scenario.toml"
        scenario.write_text(self._scenario.to_toml())
        self._process = self._start(scenario)
        owned.callback(self._stop)
        self._wait_until_up()

    @property
    def ended(self) -> bool:
        """Whether the storm is over."""
        return self._process.poll() is not None

    def wait(self, seconds: float) -> bool:
        """Wait for the storm to be over, so long at most; whether it is."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(seconds)
        return self.ended

    def last_words(self) -> str:
        """What it said last."""
        lines = [line for line in self._log.read_text(errors="replace").splitlines() if line.strip()]
        return " | ".join(lines[-_SHOWN_LINES:])

    def _start(self, scenario: Path) -> "subprocess.Popen[bytes]":
        storm = [sys.executable, "-m", "loadtests", "storm", str(scenario), "--out", str(self._folder)]
        tied = [sys.executable, "-m", "testbed.tether", str(os.getpid()), *storm]
        with self._log.open("wb") as log:
            return subprocess.Popen(
                [*tied, "--endpoints", str(self.endpoints)], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True,
            )  # fmt: skip

    def _wait_until_up(self) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while not self.endpoints.exists():
            if self.ended:
                raise ExperimentFailed(f"the experiment's storm did not start: {self.last_words()}")
            if time.monotonic() > deadline:
                raise ExperimentFailed(f"the experiment's storm was not up after {_START_SECONDS:g} s")
            time.sleep(_POLL_SECONDS)

    def _stop(self) -> None:
        """End it as Ctrl-C does: it ends its chain, and leaves its results."""
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
