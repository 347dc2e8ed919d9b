"""Running `estorm` as users do, and seeing that nothing of it stays."""

import contextlib
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil

ESTORM = [sys.executable, "-c", "from loadtests.entry import main; main()"]
ENVIRONMENT = os.environ | {"PYTHONWARNINGS": "default"}


def run_estorm(*arguments: str, cwd: Path, timeout_seconds: float = 90) -> subprocess.CompletedProcess[str]:
    """Run `estorm ARGUMENTS` in `cwd` to its end."""
    return subprocess.run(
        [*ESTORM, *arguments], cwd=cwd, env=ENVIRONMENT, capture_output=True, text=True, check=False,
        timeout=timeout_seconds,
    )  # fmt: skip


@contextlib.contextmanager
def running_estorm(*arguments: str, cwd: Path) -> Iterator[subprocess.Popen[str]]:
    """Run `estorm ARGUMENTS` in `cwd` for the length of the block."""
    with subprocess.Popen(
        [*ESTORM, *arguments],
        cwd=cwd,
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()


def family_of(pid: int) -> list[psutil.Process]:
    """The processes that `pid` started, and what they started."""
    return psutil.Process(pid).children(recursive=True)


def command_line(process: psutil.Process) -> list[str]:
    """Its words; none when it has ended meanwhile."""
    try:
        return process.cmdline()
    except psutil.NoSuchProcess:
        return []


def await_file(path: Path, writer: subprocess.Popen[str], timeout_seconds: float = 60) -> None:
    """Wait until `writer` has written `path`; fails with what it said and started when it does not."""
    if wait_until(lambda: path.exists() or writer.poll() is not None, timeout_seconds) and path.exists():
        return
    started = [] if writer.returncode is not None else family_of(writer.pid)
    tree = "\n".join(f"{each.pid} {each.status()} {' '.join(command_line(each))}" for each in started)
    writer.kill()
    said, complaint = writer.communicate()
    raise AssertionError(f"{path} was not written (exit {writer.returncode})\n{said}\n{complaint}\n{tree}")


def wait_until(condition: Callable[[], object], timeout_seconds: float = 30) -> bool:
    """Poll `condition` until it holds; False when it does not in time."""
    deadline = time.monotonic() + timeout_seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.02)
    return False


def all_gone(processes: list[psutil.Process], timeout_seconds: float = 10) -> bool:
    """Whether every one of `processes` ends in time; a zombie has ended."""

    def gone(process: psutil.Process) -> bool:
        try:
            return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return True

    return wait_until(lambda: all(map(gone, processes)), timeout_seconds)


def announced(process: subprocess.Popen[str]) -> str:
    """The URL in the first line that an exporter says."""
    assert process.stdout
    found = re.search(r"(https?://127\.0\.0\.1:\d+/\w+)", process.stdout.readline())
    assert found
    return found[1]
