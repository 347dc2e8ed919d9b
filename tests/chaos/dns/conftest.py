"""One DNS server process for the tests of a module, and a client that leaves no fault behind."""

from collections.abc import Iterator

import pytest

from chaos.dns.client import DnsClient
from chaos.dns.plan import DnsPartSettings
from chaos.dns.process import DnsProcess

CA = "ca.estorm.test"
ADDRESSES: dict[str, tuple[str, ...]] = {CA: ("127.0.0.9", "::1"), "two.test": ("127.0.0.3", "127.0.0.4")}


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DnsProcess]:
    settings = DnsPartSettings(addresses=ADDRESSES, ttl_seconds=3600)
    directory = tmp_path_factory.mktemp("dns")
    with DnsProcess(settings, directory) as running:
        yield running
        assert running.death() is None
    assert (directory / "dns.stderr.log").read_text() == ""


@pytest.fixture
def client(process: DnsProcess) -> Iterator[DnsClient]:
    with DnsClient(process.url) as made:
        made.clear_queries()
        yield made
        made.end_faults()
