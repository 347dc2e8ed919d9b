"""Clients of Toxiproxy that others wrote, installed for the tests that run them and for nothing else.

None becomes part of the project's environment: `toxiproxy-python` is unmaintained and needs `future` for
Python 2, the Chaos Toolkit's driver brings libraries that nothing here uses, and the third is JavaScript.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.processes import ENVIRONMENT

PYTHON_CLIENTS = ("toxiproxy-python==0.1.1", "chaostoolkit-toxiproxy==0.3.1", "chaostoolkit-lib==1.44.0")
NODE_CLIENT = "toxiproxy-node-client@4.1.0"
_INSTALL_SECONDS = 240
_RUN_SECONDS = 60


def install_python_clients(directory: Path) -> None:
    """Install the Python clients into `directory`, apart from every environment."""
    _install([sys.executable, "-m", "pip", "install", "--quiet", "--target", str(directory), *PYTHON_CLIENTS])


def install_node_client(directory: Path) -> None:
    """Install the JavaScript client into `directory`/node_modules; skips where there is no npm."""
    if not (shutil.which("npm") and shutil.which("node")):
        pytest.skip("npm and node are not installed")
    _install(
        ["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(directory), NODE_CLIENT]
    )


def run_python(script: str, *arguments: str, packages: Path) -> str:
    """What `script` prints, run with the packages of a directory; fails when the script does."""
    environment = os.environ | {"PYTHONPATH": str(packages)}
    return _run([sys.executable, "-W", "ignore", "-c", script, *arguments], environment, packages)


def run_node(script: str, *arguments: str, directory: Path) -> str:
    """What `script` prints, run where the JavaScript client is installed; fails when the script does."""
    return _run(["node", "-e", script, *arguments], ENVIRONMENT, directory)


def _install(command: list[str]) -> None:
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=_INSTALL_SECONDS, env=ENVIRONMENT
    )
    assert done.returncode == 0, done.stderr


def _run(command: list[str], environment: dict[str, str], directory: Path) -> str:
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        timeout=_RUN_SECONDS,
        env=environment,
        cwd=directory,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
