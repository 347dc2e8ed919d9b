"""What the TCP proxy's foreign clients share: they are installed once, and drive one process a module."""

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
    directory = tmp_path_factory.mktemp("python-clients")
    install_python_clients(directory)
    return directory


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
