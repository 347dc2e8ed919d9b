"""What the TCP proxy's foreign clients share: they are installed once, and drive one process a module."""

import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from chaos.tcp.process import ProxyProcess
from chaos.tcp.settings import TcpPartSettings
from tests.chaos.tcp.foreign import install_python_clients
from tests.chaos.tcp.rig import echo
from tests.testbed.raw_server import raw_server


@pytest.fixture(scope="session")
def python_clients(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory that toxiproxy-python and chaostoolkit-toxiproxy are installed in."""
    mine = tmp_path_factory.getbasetemp()
    everyones = mine.parent if "PYTEST_XDIST_WORKER" in os.environ else mine
    installed = everyones / "python-clients"
    with (everyones / "python-clients.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not installed.exists():
            partial = tmp_path_factory.mktemp("python-clients")
            install_python_clients(partial)
            partial.rename(installed)
    return installed


@pytest.fixture(scope="module")
def tcp_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProxyProcess]:
    """A TCP proxy."""
    with ProxyProcess(TcpPartSettings(), tmp_path_factory.mktemp("tcp")) as running:
        yield running


@pytest.fixture
def echo_upstream() -> Iterator[str]:
    """The address of a server that says back what it hears."""
    with raw_server(echo, None) as port:
        yield f"127.0.0.1:{port}"
