"""A process under a fake clock, for the tests: it says both its clocks whenever it is asked."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

_LOOK = (
    "import sys, time\n"
    "print('ready', flush=True)\n"
    "for line in sys.stdin:\n"
    "    started = time.monotonic()\n"
    "    time.sleep(float(line))\n"
    "    print(time.time(), time.monotonic(), time.monotonic() - started, flush=True)\n"
)


@dataclass
class Clocked:
    """A child; `pid` is its own."""

    process: subprocess.Popen[str]

    @property
    def pid(self) -> int:
        return self.process.pid

    def look(self, slept_seconds: float = 0.0) -> tuple[float, float, float]:
        """How far its wall clock and its monotonic clock are ahead, and how long a sleep of so long took."""
        assert self.process.stdin
        assert self.process.stdout
        print(slept_seconds, file=self.process.stdin, flush=True)
        wall, monotonic, slept = map(float, self.process.stdout.readline().split())
        return wall - time.time(), monotonic - time.monotonic(), slept


@contextmanager
def clocked(environment: Mapping[str, str]) -> Iterator[Clocked]:
    """A child with a clock of its own; it ends when its standard input does, at the end of the block."""
    process = subprocess.Popen(
        [sys.executable, "-c", _LOOK], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env={**os.environ, **environment},
    )  # fmt: skip
    with process:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        yield Clocked(process)
