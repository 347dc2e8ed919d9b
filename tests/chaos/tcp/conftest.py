"""One proxy process for the tests of a module, and a client of its API that leaves nothing behind."""

from collections.abc import Iterator

import pytest

from chaos.tcp.client import Toxiproxy
from chaos.tcp.process import ProxyProcess
from chaos.tcp.settings import TcpPartSettings

SEED = 7


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProxyProcess]:
    settings = TcpPartSettings(seed=SEED, proxy_metrics=True)
    with ProxyProcess(settings, tmp_path_factory.mktemp("tcp")) as running:
        yield running
        assert running.death() is None


@pytest.fixture
def toxiproxy(process: ProxyProcess) -> Iterator[Toxiproxy]:
    with Toxiproxy(process.url) as client:
        yield client
        for name in client.proxies():
            client.delete(name)
