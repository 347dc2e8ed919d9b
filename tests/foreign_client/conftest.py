"""globalsign/est's client, an EST client that we did not write, against the RA.

`estclient` is looked for beside Python and on PATH; `.ci/os-packages` builds it where there is Go. Without it
these tests are deselected, and the end of the run says so.
"""

import os
import shutil
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ABSENT = "deselected: no globalsign/est client; install Go for make test to build it"
_DESELECTED = pytest.StashKey[int]()


def program() -> str | None:
    """The path of globalsign/est's client."""
    beside_python = Path(sys.executable).parent
    return shutil.which("estclient", path=f"{beside_python}{os.pathsep}{os.environ.get('PATH', '')}")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    ours = [item for item in items if HERE in item.path.parents]
    if ours and not program():
        items[:] = [item for item in items if item not in ours]
        config.stash[_DESELECTED] = len(ours)
        config.hook.pytest_deselected(items=ours)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if count := terminalreporter.config.stash.get(_DESELECTED, 0):
        terminalreporter.write_line(f"tests/foreign_client: {count} {ABSENT}")
