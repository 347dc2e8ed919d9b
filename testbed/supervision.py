"""The supervisor's side of a lab part: start it, wait until it is ready, see it die, start it again, stop it.

A part must be started from a thread that lives as long as the part should (on Linux the kernel kills a part
when the thread that started it ends), which in practice is the main thread.
"""

import contextlib
import os
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import msgspec
import psutil

from exporters.whole_file import replace_whole
from testbed.errors import PartFailed
from testbed.part import PREPARE, Launch, Status
from testbed.settings import Settings, encode

_STOP_SECONDS = 5.0
_FOLLOW_SECONDS = 3.0
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
    if not ended_within(process, seconds):
        process.kill()
        process.wait()


def ended_within(process: subprocess.Popen[bytes], seconds: float) -> bool:
    """Wait for a child's end, `seconds` at most; whether it has ended. On Linux it is noticed at once."""
    if process.poll() is not None:
        return True
    with contextlib.suppress(subprocess.TimeoutExpired):
        _await_exit(process, seconds)
    return process.poll() is not None


def _await_exit(process: subprocess.Popen[bytes], seconds: float) -> None:
    try:
        # The process is a child that nobody has reaped, so its number is nobody else's.
        descriptor = os.pidfd_open(process.pid)
    except (AttributeError, OSError):  # not Linux, or one before 5.3: look again and again
        process.wait(seconds)
        return
    try:
        ends = select.poll()
        ends.register(descriptor, select.POLLIN)
        ends.poll(seconds * 1000)
    finally:
        os.close(descriptor)


def _family(pid: int) -> list[psutil.Process]:
    """What the process has started, and what that has."""
    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def _await_end(family: Sequence[psutil.Process]) -> None:
    """Wait until these have followed their parent, and end those that do not: they may hold its ports."""
    _, left = psutil.wait_procs(family, _FOLLOW_SECONDS)
    for process in left:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(left, _FOLLOW_SECONDS)


class PartProcess:
    """The part `testbed.NAME`, or another `module`, as a child process. `stop` it always.

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
        self._dismissed: subprocess.Popen[bytes] | None = None
        self._prepared: IO[bytes] | None = None
        self._starting = threading.Lock()
        self._stopped = False

    @property
    def pid(self) -> int:
        """The process id; 0 before the start, and once it was ended by `end` or `kill`."""
        process = self._process
        return process.pid if process and process is not self._dismissed else 0

    def prepare(self, environment: Mapping[str, str] | None = None) -> None:
        """Have the part load its code meanwhile: `start`, with the same `environment`, is the sooner done.

        Only before the first start. A part that is never told to start ends with its supervisor, too.
        """
        with self._starting:
            self._spawn(environment, PREPARE)
            assert self._process is not None
            self._prepared = self._process.stdin

    def start(
        self, part_settings: Settings, timeout_seconds: float, environment: Mapping[str, str] | None = None
    ) -> dict[str, str]:
        """Start the part and wait until it is ready; returns its addresses. It must not be running.

        `environment` is added to this process's own.
        Raises PartFailed with the part's own reason when it cannot start, or is not ready in time.
        """
        with self._starting:
            self._write_launch(part_settings)
            if self._prepared is None:
                self._spawn(environment)
            self._end_preparation()
        status = self._read_status(timeout_seconds, "was not ready", "ended while starting")
        if status.ready is None:
            raise PartFailed(f"the {self.name} did not start: {status.failed}")
        return status.ready

    def _spawn(self, environment: Mapping[str, str] | None, *options: str) -> None:
        self._refuse_if_stopped()
        self._close_stdout()
        with self._stderr_path.open("ab") as stderr:
            self._process = subprocess.Popen(
                [sys.executable, "-m", self._module, str(self._launch_path), *options],
                stdin=subprocess.PIPE if options else subprocess.DEVNULL, stdout=subprocess.PIPE,
                stderr=stderr, start_new_session=True, env={**os.environ, **(environment or {})}, bufsize=0,
            )  # fmt: skip

    def _refuse_if_stopped(self) -> None:
        if self._stopped:
            raise PartFailed(f"the {self.name} was stopped for good")

    def _end_preparation(self) -> None:
        """A part that is prepared starts now, if it still runs."""
        if self._prepared is not None:
            self._prepared.close()
            self._prepared = None

    def reload(self, part_settings: Settings, timeout_seconds: float) -> None:
        """Have the part go on with these settings (SIGHUP), and wait until it does.

        Raises PartFailed with the part's own reason when it goes on with those it had.
        """
        with self._starting:
            self._write_launch(part_settings)
        assert self._process is not None
        while self._says_more(0.0) and self._stdout.readline():
            pass  # the answer to a signal of somebody else
        self._process.send_signal(signal.SIGHUP)
        status = self._read_status(timeout_seconds, "did not take other settings", "ended while reloading")
        if status.failed is not None:
            raise PartFailed(f"the {self.name} goes on with the settings it had: {status.failed}")

    def end(self) -> None:
        """End the part in order, with what it has started; its end is no death, and `start` may follow."""
        self._dismiss(lambda process: terminate(process, self._stop_seconds))

    def kill(self) -> None:
        """End the part at once, with what it has started; its end is no death, and `start` may follow."""
        self._dismiss(subprocess.Popen.kill)

    def _dismiss(self, end: Callable[[subprocess.Popen[bytes]], None]) -> None:
        process = self._process
        if process is None:
            return
        family = _family(process.pid)
        self._dismissed = process
        end(process)
        process.wait()
        self._end_preparation()
        _await_end(family)

    def _write_launch(self, part_settings: Settings) -> None:
        self._refuse_if_stopped()
        replace_whole(self._launch_path, encode(Launch(os.getpid(), part_settings)), 0o600)

    def _read_status(self, timeout_seconds: float, late: str, ended: str) -> Status:
        try:
            if not self._says_more(timeout_seconds):
                raise PartFailed(f"the {self.name} {late} after {timeout_seconds:g} s; {self._last_words()}")
            line = self._stdout.readline()
        except (ValueError, OSError):  # closed by `stop`, in another thread
            self._refuse_if_stopped()
            raise
        if not line:
            raise PartFailed(f"the {self.name} {ended}; {self._last_words()}")
        return msgspec.json.decode(line, type=Status)

    def _says_more(self, timeout_seconds: float) -> bool:
        return bool(select.select([self._stdout], [], [], timeout_seconds)[0])

    @property
    def _stdout(self) -> IO[bytes]:
        assert self._process is not None
        assert self._process.stdout is not None
        return self._process.stdout

    def _close_stdout(self) -> None:
        if self._process is not None:
            self._stdout.close()

    def death(self) -> PartDeath | None:
        """How the part ended by itself, or None while it runs, and after `end` or `kill`."""
        process = self._process
        if process is None or (exit_code := process.poll()) is None or process is self._dismissed:
            return None
        return PartDeath(self.name, exit_code, self._last_lines())

    def stop(self) -> None:
        """End the part for good: SIGTERM, and SIGKILL if it does not go; safe to call at any time."""
        with self._starting:
            self._stopped = True
        if self._process is not None:
            terminate(self._process, self._stop_seconds)
            self._end_preparation()
            self._close_stdout()

    def _last_words(self) -> str:
        lines = self._last_lines()
        return f"it said last: {' | '.join(lines)}" if lines else f"see {self._stderr_path}"

    def _last_lines(self) -> tuple[str, ...]:
        for path in (self._stderr_path, *sorted(self._log_directory.glob(self._own_logs), reverse=True)):
            lines = [line for line in path.read_text(errors="replace").splitlines() if line.strip()]
            if lines:
                return tuple(lines[-_SHOWN_LINES:])
        return ()
