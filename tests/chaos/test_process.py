"""Process faults are real signals: a killed process is gone, a paused one answers again afterwards."""

import signal
import subprocess
import sys
from collections.abc import Iterator

import psutil
import pytest

from chaos.process import kill, paused

ECHO = "import sys\nfor line in sys.stdin: print(line, end='', flush=True)"


@pytest.fixture
def echo() -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-c", ECHO], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield process
        process.kill()


def answer(process: subprocess.Popen[str], line: str) -> str:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(line + "\n")
    process.stdin.flush()
    return process.stdout.readline().strip()


def test_a_killed_process_ends_by_sigkill(echo: subprocess.Popen[str]) -> None:
    kill(echo.pid)
    assert echo.wait(5) == -signal.SIGKILL


def test_a_paused_process_is_stopped_and_answers_afterwards(echo: subprocess.Popen[str]) -> None:
    assert answer(echo, "before") == "before"
    with paused(echo.pid):
        assert psutil.Process(echo.pid).status() == psutil.STATUS_STOPPED
    assert answer(echo, "after") == "after"


def test_a_process_that_dies_while_paused_is_no_error(echo: subprocess.Popen[str]) -> None:
    with paused(echo.pid):
        kill(echo.pid)
        echo.wait(5)
