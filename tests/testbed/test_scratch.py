"""Scratch directories are private and do not outlive their owner."""

import contextlib
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

from testbed.scratch import remove_abandoned, scratch_directory


def test_only_the_user_can_read_a_scratch_directory() -> None:
    with scratch_directory("test") as directory:
        assert stat.S_IMODE(directory.stat().st_mode) == 0o700


def test_a_scratch_directory_is_gone_after_the_block_even_when_it_raises() -> None:
    with contextlib.suppress(ZeroDivisionError), scratch_directory("test") as directory:
        (directory / "key").write_text("secret")
        1 / 0  # noqa: B018
    assert not directory.exists()


def test_what_a_killed_owner_left_is_removed_by_the_next() -> None:
    script = (
        "import os, signal\nfrom testbed.scratch import scratch_directory\n"
        "with scratch_directory('test') as d:\n print(d, flush=True)\n os.kill(os.getpid(), signal.SIGKILL)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    left = Path(done.stdout.strip())
    assert left.is_dir()
    with scratch_directory("test"):
        assert not left.exists()


def test_the_directory_of_a_running_owner_stays() -> None:
    with scratch_directory("test") as directory:
        remove_abandoned(Path(tempfile.gettempdir()))
        assert directory.is_dir()
