"""Limits of a running process: lowered, felt, and put back as they were."""

import resource
import subprocess
import sys
from collections.abc import Iterator

import psutil
import pytest

from chaos.errors import FaultNotInjected
from chaos.limits import limit_of_descriptors, lower, put_back

OPENER = """
import os, sys
kept = []
for line in sys.stdin:
    try:
        kept.append(os.open("/dev/null", os.O_RDONLY))
        print("open", flush=True)
    except OSError as error:
        print(error.errno, flush=True)
"""
EMFILE = "24"


@pytest.fixture
def opener() -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-c", OPENER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert opens(process) == "open"
        yield process
        process.kill()


def opens(process: subprocess.Popen[str]) -> str:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write("\n")
    process.stdin.flush()
    return process.stdout.readline().strip()


@pytest.mark.parametrize("left", [0, 1, 3])
def test_a_process_can_open_as_many_files_as_are_left_and_any_number_afterwards(
    opener: subprocess.Popen[str], left: int
) -> None:
    before = psutil.Process(opener.pid).rlimit(psutil.RLIMIT_NOFILE)
    lowered = lower(opener.pid, resource.RLIMIT_NOFILE, limit_of_descriptors(opener.pid, left))
    assert [opens(opener) for _ in range(left + 2)] == ["open"] * left + [EMFILE] * 2
    put_back(lowered)
    assert opens(opener) == "open"
    assert psutil.Process(opener.pid).rlimit(psutil.RLIMIT_NOFILE) == before


def test_a_process_that_is_gone_cannot_be_limited(opener: subprocess.Popen[str]) -> None:
    lowered = lower(opener.pid, resource.RLIMIT_NOFILE, 100)
    opener.kill()
    opener.wait()
    with pytest.raises(FaultNotInjected, match=str(opener.pid)):
        lower(opener.pid, resource.RLIMIT_NOFILE, 0)
    with pytest.raises(FaultNotInjected, match=str(opener.pid)):
        limit_of_descriptors(opener.pid, 0)
    put_back(lowered)


def test_a_process_that_has_the_number_of_one_that_is_gone_is_left_alone(
    opener: subprocess.Popen[str],
) -> None:
    before = psutil.Process(opener.pid).rlimit(psutil.RLIMIT_NOFILE)
    lowered = lower(opener.pid, resource.RLIMIT_NOFILE, 100)
    other = type(lowered)(lowered.pid, lowered.started - 60, lowered.resource, lowered.soft, lowered.hard)
    put_back(other)
    assert psutil.Process(opener.pid).rlimit(psutil.RLIMIT_NOFILE) == (100, before[1])
