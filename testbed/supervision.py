"""The supervisor's side of a lab part: start it, wait until it is ready, see it die, stop it.

A part must be started from a thread that lives as long as the part should (on Linux the kernel kills a part
when the thread that started it ends), which in practice is the main thread.
"""

import contextlib
import os
import select
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import msgspec

from testbed.errors import PartFailed
from testbed.part import Launch, Status
from testbed.settings import Settings, encode

_STOP_SECONDS = 5.0
_SHOWN_LINES = 5


@dataclass(frozen=True, slots=True)
class PartDeath:
    """How a part ended by itself: its exit code (negative: the signal) and its last log lines."""

    name: str
    exit_code: int
    last_lines: tuple[str, ...]

    def __str__(self) -> str:
        how = signal.Signals(-self.exit_code).name if self.exit_code < 0 else f"exit code {self.exit_code}"
        said = f"; it said last: {' | '.join(self.last_lines)}" if self.last_lines else ""
        return f"the {self.name} ended by itself ({how}){said}"


def terminate(process: subprocess.Popen[bytes], seconds: float = _STOP_SECONDS) -> None:
    """End a child: SIGTERM (and SIGCONT, should it be paused), SIGKILL after `seconds`; then reap it."""
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(signal.SIGTERM)
        process.send_signal(signal.SIGCONT)
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


class PartProcess:
    """The part `testbed.NAME`, or another `module`, as a child process. `start` it once, `stop` it always.

    Its standard error goes to `NAME.stderr.log` in `log_directory`; `own_logs` is the glob of the logs it
    writes there itself.
    """

    def __init__(
        self,
        name: str,
        launch_path: Path,
        log_directory: Path,
        own_logs: str,
        module: str = "",
        *,
        stop_seconds: float = _STOP_SECONDS,
    ) -> None:
        self.name = name
        self._stop_seconds = stop_seconds
        self._module = module or f"testbed.{name}"
        self._launch_path = launch_path
        self._log_directory = log_directory
        self._stderr_path = log_directory / f"{name}.stderr.log"
        self._own_logs = own_logs
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The process id; 0 before the start."""
        return self._process.pid if self._process else 0

    def start(self, part_settings: Settings, timeout_seconds: float) -> dict[str, str]:
        """Start the part and wait until it is ready; returns its addresses.

        Raises PartFailed with the part's own reason when it cannot start, or is not ready in time.
        """
        self._write_launch(part_settings)
        with self._stderr_path.open("ab") as stderr:
            self._process = subprocess.Popen(
                [sys.executable, "-m", self._module, str(self._launch_path)],
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=stderr, start_new_session=True,
            )  # fmt: skip
        assert self._process.stdout is not None
        with self._process.stdout as stdout:
            status = self._read_status(stdout, timeout_seconds)
        if status.ready is None:
            raise PartFailed(f"the {self.name} did not start: {status.failed}")
        return status.ready

    def reload(self, part_settings: Settings) -> None:
        """Have the part read its settings again, from these on; for parts that know SIGHUP."""
        self._write_launch(part_settings)
        if self._process is not None:
            self._process.send_signal(signal.SIGHUP)

    def _write_launch(self, part_settings: Settings) -> None:
        new = self._launch_path.with_suffix(".new")
        new.touch(mode=0o600)
        new.write_bytes(encode(Launch(os.getpid(), part_settings)))
        new.replace(self._launch_path)

    def _read_status(self, stdout: IO[bytes], timeout_seconds: float) -> Status:
        readable, _, _ = select.select([stdout], [], [], timeout_seconds)
        if not readable:
            waited = f"was not ready after {timeout_seconds:g} s"
            raise PartFailed(f"the {self.name} {waited}; {self._last_words()}")
        line = stdout.readline()
        if not line:
            raise PartFailed(f"the {self.name} ended while starting; {self._last_words()}")
        return msgspec.json.decode(line, type=Status)

    def death(self) -> PartDeath | None:
        """How the part ended, or None while it runs."""
        if self._process is None or (exit_code := self._process.poll()) is None:
            return None
        return PartDeath(self.name, exit_code, self._last_lines())

    def stop(self) -> None:
        """End the part: SIGTERM, and SIGKILL if it does not go; safe to call at any time."""
        if self._process is not None:
            terminate(self._process, self._stop_seconds)

    def _last_words(self) -> str:
        lines = self._last_lines()
        return f"it said last: {' | '.join(lines)}" if lines else f"see {self._stderr_path}"

    def _last_lines(self) -> tuple[str, ...]:
        for path in (self._stderr_path, *sorted(self._log_directory.glob(self._own_logs), reverse=True)):
            lines = [line for line in path.read_text(errors="replace").splitlines() if line.strip()]
            if lines:
                return tuple(lines[-_SHOWN_LINES:])
        return ()
