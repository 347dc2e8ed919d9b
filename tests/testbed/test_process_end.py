import subprocess
import sys

import pytest

GARBAGE = """
import atexit
from testbed.process_end import end_without_search

class Cycle:
    def __init__(self):
        self.itself = self

    def __del__(self):
        print("searched for")

atexit.register(print, "closed by its owner")
Cycle()
"""


@pytest.mark.parametrize(
    ("last_line", "said"),
    [
        ("", ["closed by its owner", "searched for"]),
        ("end_without_search()", ["closed by its owner"]),
    ],
)
def test_garbage_is_not_searched_for_as_the_process_ends(last_line: str, said: list[str]) -> None:
    command = [sys.executable, "-c", GARBAGE + last_line]
    ran = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert ran.stdout.splitlines() == said
