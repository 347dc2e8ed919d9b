"""The rig: every joint of the chain in the hands of whoever has its endpoints, and nothing left of it."""

import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from cryptography import x509

from chaos.clock.faketime import is_preloaded
from chaos.dns.faults.nxdomain import Nxdomain
from chaos.endpoints import ChainSystem
from chaos.errors import ControlRefused, ProxyUnreachable
from chaos.rig import CA_HOST, Rig
from chaos.settings import ChaosSettings
from chaos.system import Part, Reading
from chaos.tcp.client import ProxyWish, Toxiproxy
from chaos.tcp.process import ProxyProcess
from chaos.tcp.settings import TcpPartSettings
from testbed.ca import database
from testbed.lab import Endpoints
from testbed.pki import CLOCK_SLACK
from testbed.ra.capacity_settings import RaWorkers
from testbed.ra.settings import RaSettings
from tests.chaos.rigs import PARTS, SEED, heal, running_rig
from tests.enrolling import enroll
from tests.processes import wait_until

pytestmark = pytest.mark.long

YEAR_SECONDS = 365 * 86_400.0


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    ra = RaSettings(workers=RaWorkers(processes=2))
    with running_rig(tmp_path_factory.mktemp("rig"), ChaosSettings(clock=True), ra) as running:
        yield running


@pytest.fixture
def system(rig: Rig) -> Iterator[ChainSystem]:
    with rig.system() as chain:
        yield chain
        heal(chain)
        assert rig.deaths() == []


def newest_certificate(endpoints: Endpoints) -> x509.Certificate:
    with database.open_existing(Path(endpoints.database)) as connection:
        record = next(database.select(connection, None, 1))
    assert record.certificate is not None
    return x509.load_der_x509_certificate(record.certificate)


def test_phones_and_ra_go_through_a_proxy_on_their_hop(rig: Rig, system: ChainSystem) -> None:
    assert enroll(rig.endpoints) == 200
    connections = system.proxies.faults().connections
    assert {each.proxy for each in connections} == {"phone-ra", "ra-ca"}
    hop = system.proxies.proxy("phone-ra")
    assert rig.endpoints.ra == f"https://{hop.listen}/.well-known/est"
    assert system.control.part("ra").addresses["est"] == f"https://{hop.upstream}/.well-known/est"


def test_the_ra_finds_the_ca_by_the_dns_server(rig: Rig, system: ChainSystem) -> None:
    system.dns.clear_queries()
    assert enroll(rig.endpoints) == 200
    assert {query.name for query in system.dns.queries().queries} == {f"{CA_HOST}."}
    with system.dns.fault(Nxdomain()):
        assert enroll(rig.endpoints) == 401


def test_every_chance_is_the_seeds(system: ChainSystem) -> None:
    assert (system.seed, system.proxies.faults().seed, system.dns.faults().seed) == (SEED, SEED, SEED)


def test_a_killed_ca_is_no_incident_and_enrolls_again_on_its_ports(rig: Rig, system: ChainSystem) -> None:
    before = system.control.part("ca")
    system.control.kill("ca")
    assert system.control.part("ca").pid == 0
    assert rig.deaths() == []
    assert enroll(rig.endpoints) == 401
    after = system.control.restart("ca")
    assert (after.addresses, after.starts) == (before.addresses, before.starts + 1)
    assert enroll(rig.endpoints) == 200


def test_a_part_that_dies_of_itself_is_an_incident(rig: Rig, system: ChainSystem) -> None:
    psutil.Process(system.control.part("ra").pid).kill()
    assert wait_until(rig.deaths)
    assert system.control.part("ra").pid == 0
    system.control.restart("ra")
    assert enroll(rig.endpoints) == 200


def test_a_change_is_felt_by_the_next_enrollment_and_taken_back(rig: Rig, system: ChainSystem) -> None:
    change = system.control.reload("ra", {"ra.template": "Mistyped"})
    assert enroll(rig.endpoints) == 401
    system.control.restore("ra", change)
    assert enroll(rig.endpoints) == 200


def test_a_locked_account_cannot_log_in(rig: Rig, system: ChainSystem) -> None:
    change = system.control.reload("ca", {"ca.account.state": "locked"})
    assert enroll(rig.endpoints) == 401
    system.control.restore("ca", change)
    assert enroll(rig.endpoints) == 200


def test_a_change_of_the_ra_is_taken_back_while_the_ca_is_dead(rig: Rig, system: ChainSystem) -> None:
    change = system.control.reload("ra", {"ra.template": "Mistyped"})
    system.control.kill("ca")
    system.control.restore("ra", change)
    system.control.restart("ca")
    assert enroll(rig.endpoints) == 200


def test_a_part_that_could_not_be_started_is_started_once_it_can_be(rig: Rig, system: ChainSystem) -> None:
    system.control.kill("ca")
    with pytest.raises(ControlRefused, match="the ra did not start: cannot read the CA's chain"):
        system.control.restart("ra")
    assert rig.deaths() == []
    system.control.restart("ca")
    assert wait_until(lambda: system.control.part("ra").pid)
    assert enroll(rig.endpoints) == 200


@pytest.mark.parametrize("years", [-20, 3])
def test_a_ca_with_a_wrong_clock_issues_for_another_time(rig: Rig, system: ChainSystem, years: int) -> None:
    system.control.set_clock("ca", Reading(offset_seconds=years * YEAR_SECONDS))
    asked_at = time.time()
    assert enroll(rig.endpoints) == 200
    begins = newest_certificate(rig.endpoints).not_valid_before_utc.timestamp()
    expected = asked_at + years * YEAR_SECONDS - CLOCK_SLACK.total_seconds()
    assert abs(begins - expected) < 60


def test_a_ra_with_a_wrong_clock_takes_the_ca_for_expired(rig: Rig, system: ChainSystem) -> None:
    log = Path(rig.endpoints.logs) / "nginx_error.log"
    already = len(log.read_text())
    system.control.set_clock("ra", Reading(offset_seconds=20 * YEAR_SECONDS))
    assert enroll(rig.endpoints) == 401
    assert "certificate has expired" in log.read_text()[already:]
    system.control.set_clock("ra", Reading())
    assert enroll(rig.endpoints) == 200


def test_every_process_of_a_part_runs_on_its_clock_after_a_restart_too(system: ChainSystem) -> None:
    for part in PARTS:
        state = system.control.restart(part)
        assert all(map(is_preloaded, (state.pid, *state.children)))
    assert len(system.control.part("ra").children) == 2


def test_timers_and_handshakes_go_on_under_a_clock_that_jumps(rig: Rig, system: ChainSystem) -> None:
    for days in (300, -300, 0):
        for part in PARTS:
            system.control.set_clock(part, Reading(offset_seconds=days * 86_400.0))
        assert enroll(rig.endpoints, timeout_seconds=20) in (200, 401)
    change = system.control.reload("ra", {"ra.timers.login_seconds": 1.0})
    system.control.set_clock("ra", Reading(offset_seconds=-3600))
    with system.proxies.toxic("ra-ca", "latency", {"latency": 30_000}):
        began = time.monotonic()
        assert enroll(rig.endpoints) == 401
        assert 0.9 < time.monotonic() - began < 20
    system.control.restore("ra", change)


def test_a_proxy_that_is_killed_is_an_incident_and_named(tmp_path: Path) -> None:
    with running_rig(tmp_path) as rig, rig.system() as system:
        psutil.Process(rig.endpoints.pids["tcp"]).kill()
        assert wait_until(rig.deaths)
        assert str(rig.deaths()[0]).startswith("the tcp ended by itself (SIGKILL)")
        with pytest.raises(ProxyUnreachable):
            system.proxies.version()


def test_without_faults_nothing_more_than_the_control_is_added(tmp_path: Path) -> None:
    with running_rig(tmp_path, ChaosSettings(tcp=False, dns=False)) as rig, rig.system() as system:
        assert rig.endpoints.pids.keys() == {"ca", "ra"}
        assert (rig.endpoints.toxiproxy, rig.endpoints.dns) == ("", "")
        part: Part = "ca"
        with pytest.raises(ControlRefused, match=r"set clock = true in \[chaos\]"):
            system.control.set_clock(part, Reading(offset_seconds=1))
        system.control.restart(part)
        assert enroll(rig.endpoints) == 200


def test_somebody_elses_toxiproxy_is_used_and_left_as_it_was(tmp_path: Path) -> None:
    with ProxyProcess(TcpPartSettings(seed=99), tmp_path) as theirs, Toxiproxy(theirs.url) as proxies:
        proxies.create(ProxyWish("mine", "127.0.0.1:9"))
        with running_rig(tmp_path, ChaosSettings(dns=False, toxiproxy_url=theirs.url)) as rig:
            assert rig.endpoints.toxiproxy == theirs.url
            assert "tcp" not in rig.endpoints.pids
            assert enroll(rig.endpoints) == 200
            assert proxies.proxies().keys() == {"mine", "phone-ra", "ra-ca"}
        assert proxies.proxies().keys() == {"mine"}


def test_a_toxiproxy_that_does_not_answer_is_named(tmp_path: Path) -> None:
    settings = ChaosSettings(toxiproxy_url="http://127.0.0.1:9")
    with (
        pytest.raises(ProxyUnreachable, match=r"no TCP proxy answers at http://127\.0\.0\.1:9"),
        running_rig(tmp_path, settings),
    ):
        pass
