"""toxiproxy-python breaks a chain that `estorm lab --chaos` runs: it finds both hops and phones feel it."""

import json
import signal
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from chaos.endpoints import ChaosEndpoints, read_endpoints
from tests.chaos.tcp.foreign import run_python
from tests.enrolling import enroll
from tests.processes import await_file, running_estorm

pytestmark = pytest.mark.long

PREAMBLE = """
import json, sys
from toxiproxy import Toxiproxy
server = Toxiproxy()
server.update_api_consumer(sys.argv[1], int(sys.argv[2]))
"""


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChaosEndpoints]:
    directory = tmp_path_factory.mktemp("lab")
    with running_estorm("lab", "--chaos", "--endpoints", "chain.json", cwd=directory) as process:
        await_file(directory / "chain.json", process)
        yield read_endpoints(directory / "chain.json")
        process.send_signal(signal.SIGINT)
        said, complaint = process.communicate(timeout=20)
    assert (process.returncode, complaint) == (0, ""), said


def toxiproxy(chain: ChaosEndpoints, packages: Path, script: str) -> object:
    """What the script prints as JSON."""
    api = urlsplit(chain.toxiproxy)
    return json.loads(run_python(PREAMBLE + script, str(api.hostname), str(api.port), packages=packages))


def test_it_finds_a_proxy_on_each_hop(chain: ChaosEndpoints, python_clients: Path) -> None:
    script = "print(json.dumps({name: each.listen for name, each in server.proxies().items()}))"
    hops = toxiproxy(chain, python_clients, script)
    assert isinstance(hops, dict)
    assert hops.keys() == {"phone-ra", "ra-ca"}
    assert urlsplit(chain.ra).netloc == hops["phone-ra"]


def test_a_hop_it_takes_down_is_down_for_phones_until_it_is_up(
    chain: ChaosEndpoints, python_clients: Path
) -> None:
    assert enroll(chain) == 200
    toxiproxy(chain, python_clients, 'server.get_proxy("phone-ra").disable(); print(1)')
    with pytest.raises(httpx.ConnectError):
        enroll(chain)
    toxiproxy(chain, python_clients, 'server.get_proxy("phone-ra").enable(); print(1)')
    assert enroll(chain) == 200


def test_a_toxic_it_adds_is_felt_by_the_ra_and_reset(chain: ChaosEndpoints, python_clients: Path) -> None:
    toxiproxy(chain, python_clients, """
server.get_proxy("ra-ca").add_toxic(type="reset_peer", attributes={"timeout": 0}); print(1)
""")  # fmt: skip
    assert enroll(chain) == 401
    toxiproxy(chain, python_clients, "server.reset(); print(1)")
    assert enroll(chain) == 200
