import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from testbed.ca.settings import CaSettings
from testbed.errors import PartFailed
from testbed.supervision import PartProcess, ended_within, terminate
from tests.mock_ca import part_settings

LONG_SECONDS = 60.0


@contextmanager
def child(script: str) -> Iterator[subprocess.Popen[bytes]]:
    """A shell that says a line when it is ready."""
    with subprocess.Popen(["sh", "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        try:
            yield process
        finally:
            process.kill()


def heard(process: subprocess.Popen[bytes]) -> bytes:
    assert process.stdout is not None
    return process.stdout.readline()


def test_a_childs_end_is_noticed_and_its_exit_code_kept() -> None:
    with child("read line; exit 3") as process:
        assert process.stdin is not None
        process.stdin.close()
        assert ended_within(process, LONG_SECONDS)
        assert process.returncode == 3


def test_a_child_that_runs_on_has_not_ended() -> None:
    with child("read line") as process:
        assert not ended_within(process, 0.05)
        assert process.returncode is None


def test_a_child_that_was_waited_for_has_ended() -> None:
    with child("exit 3") as process:
        process.wait()
        assert ended_within(process, 0.0)


def test_a_paused_child_is_ended_in_order() -> None:
    with child("trap 'exit 4' TERM; echo ready; while :; do sleep 0.1; done") as process:
        assert heard(process)
        process.send_signal(signal.SIGSTOP)
        terminate(process, LONG_SECONDS)
        assert process.returncode == 4


def test_a_child_that_will_not_go_is_killed() -> None:
    with child("trap '' TERM; echo ready; while :; do sleep 0.1; done") as process:
        assert heard(process)
        terminate(process, 0.1)
        assert process.returncode == -signal.SIGKILL


def test_a_part_that_was_prepared_and_never_started_is_ended_as_any_other(tmp_path: Path) -> None:
    part = PartProcess("ca", tmp_path / "ca.json", tmp_path, "*.log")
    part.prepare()
    pid = part.pid
    assert psutil.pid_exists(pid)
    part.stop()
    assert not psutil.pid_exists(pid)


def test_a_part_that_was_stopped_is_not_started_and_leaves_no_settings_behind(tmp_path: Path) -> None:
    part = PartProcess("ca", tmp_path / "ca.json", tmp_path, "*.log")
    part.stop()
    with pytest.raises(PartFailed, match="the ca was stopped for good"):
        part.start(part_settings(tmp_path, CaSettings()), LONG_SECONDS)
    assert not list(tmp_path.glob("ca.json*"))
