"""Ctrl-C before a command has begun: its code takes a while to load."""

import os
import signal
import subprocess
from pathlib import Path

import pytest

from tests.processes import ESTORM

STUCK = """
import time
print("loading", flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize("module", ["click", "polars"], ids=["the command line's", "a command's"])
def test_an_interrupt_while_code_loads_ends_at_once_with_exit_130(module: str, tmp_path: Path) -> None:
    (tmp_path / f"{module}.py").write_text(STUCK)
    with subprocess.Popen(
        [*ESTORM, "storm", "--help"],
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == "loading\n"
        process.send_signal(signal.SIGINT)
        said, complaints = process.communicate(timeout=60)
    assert (process.returncode, said, complaints) == (130, "", "")
