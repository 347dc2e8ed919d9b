"""A part that is told to stop, as a process: while it starts, and once it is ready."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from testbed.bounds import Settings
from testbed.part import PREPARE, Launch
from testbed.settings import encode
from tests.processes import wait_until

PART = """
import asyncio, contextlib, os, sys
from pathlib import Path
from testbed.bounds import Settings
from testbed.part import main
from testbed.scratch import scratch_directory

@contextlib.asynccontextmanager
async def running(settings):
    with scratch_directory("part") as directory:
        Path(sys.argv[2]).write_text(str(directory))
        if sys.argv[3] == "slow":
            await asyncio.sleep(600)
        yield {"made": str(directory)}

sys.exit(main(Settings, running))
"""


@pytest.fixture(params=["slow", "ready"])
def part(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
    """A part that is still starting, or ready, and its scratch directory."""
    launch, made = tmp_path / "launch.json", tmp_path / "made"
    launch.write_bytes(encode(Launch(os.getpid(), Settings())))
    words = [sys.executable, "-c", PART, str(launch), str(made), request.param]
    with subprocess.Popen(words, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert wait_until(lambda: made.exists() and made.read_text())
        if request.param == "ready":
            assert b"ready" in process.stdout.readline()
        yield process, Path(made.read_text())
        process.kill()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_part_that_is_told_to_stop_clears_away_what_it_made(
    part: tuple[subprocess.Popen[bytes], Path], number: signal.Signals
) -> None:
    process, directory = part
    assert directory.is_dir()
    process.send_signal(number)
    assert process.wait(10) == 0
    assert not directory.exists()


def test_a_part_that_is_prepared_starts_when_its_standard_input_ends(tmp_path: Path) -> None:
    launch, made = tmp_path / "launch.json", tmp_path / "made"
    words = [sys.executable, "-c", PART, str(launch), str(made), "ready", PREPARE]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        launch.write_bytes(encode(Launch(os.getpid(), Settings())))
        process.stdin.close()
        assert b"ready" in process.stdout.readline()
        process.terminate()


def test_a_prepared_part_whose_supervisor_has_gone_ends(tmp_path: Path) -> None:
    words = [
        sys.executable,
        "-c",
        PART,
        str(tmp_path / "launch.json"),
        str(tmp_path / "made"),
        "ready",
        PREPARE,
    ]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        said, _ = process.communicate(timeout=60)
    assert process.returncode == 1
    assert b"launch.json" in said
    assert not (tmp_path / "made").exists()
