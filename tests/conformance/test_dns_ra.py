"""The RA resolves the CA's name through the DNS server, and says in the guide's words when it cannot.

Every fault has its control: the same enrollment with the fault ended, which leaves no such line.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from chaos.dns.client import DnsClient
from chaos.dns.faults.delay import Delay
from chaos.dns.faults.drop import Drop
from chaos.dns.faults.flapping import Flapping
from chaos.dns.faults.nxdomain import Nxdomain
from chaos.dns.faults.refused import Refused
from chaos.dns.faults.servfail import Servfail
from chaos.dns.faults.truncate import Truncate
from chaos.dns.faults.wrong_address import WrongAddress
from chaos.dns.faults.wrong_id import WrongId
from chaos.dns.plan import AnyFault, DnsPartSettings
from chaos.dns.process import DnsProcess
from testbed.ca.capacity_settings import ConstantTime
from testbed.errors import PartFailed
from testbed.lab import Endpoints, Lab
from testbed.ra.settings import RaResolver
from testbed.settings import LabSettings, RaSettings
from tests.enrolling import enroll

CA = "lab-dc.estorm.test"
RESOLVER_SECONDS = 0.3
UNRESOLVED, UNCONNECTED = "6", "7"
TIMEOUT = "Timeout while contacting DNS servers"
FAILED = re.compile(r"failed with return code (\d+) \((.*)\)")


@dataclass(frozen=True)
class Chain:
    """The lab and the DNS server it resolves with."""

    lab: Endpoints
    dns: DnsClient

    def enroll(self) -> int:
        """The status of one enrollment; its lines are in the log by then."""
        return enroll(self.lab)

    def log(self) -> str:
        """The RA's NGINX log, so far."""
        return (Path(self.lab.logs) / "nginx_error.log").read_text()

    def failures(self) -> list[tuple[str, str]]:
        """The curl codes and texts in the RA's log, so far."""
        return FAILED.findall(self.log())


def lab_settings(dns: DnsProcess) -> LabSettings:
    resolver = RaResolver(server=dns.address, seconds=RESOLVER_SECONDS)
    return LabSettings(ra=RaSettings(ca_host_name=CA, resolver=resolver))


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chain]:
    directory = tmp_path_factory.mktemp("chain")
    settings = DnsPartSettings(addresses={CA: ("127.0.0.1",)})
    with (
        DnsProcess(settings, directory) as dns,
        DnsClient(dns.url) as client,
        Lab(lab_settings(dns), directory, directory / "ca.sqlite") as lab,
    ):
        yield Chain(lab.endpoints, client)


def test_the_ra_asks_for_the_name_of_the_ca_and_enrolls(chain: Chain) -> None:
    before = len(chain.dns.request_history(CA))
    assert chain.enroll() == 200
    assert len(chain.dns.request_history(CA)) > before


@pytest.mark.parametrize(
    ("fault", "code", "text"),
    [
        (Nxdomain(), UNRESOLVED, f"Could not resolve: {CA} (Domain name not found)"),
        (Servfail(), UNRESOLVED, f"Could not resolve: {CA} (DNS server returned general failure)"),
        (Refused(), UNRESOLVED, f"Could not resolve: {CA} (DNS server refused query)"),
        (Drop(), UNRESOLVED, f"Could not resolve: {CA} ({TIMEOUT})"),
        (WrongId(), UNRESOLVED, f"Could not resolve: {CA} ({TIMEOUT})"),
        (Delay(time=ConstantTime(2.0)), UNRESOLVED, f"Could not resolve: {CA} ({TIMEOUT})"),
        (WrongAddress(), UNCONNECTED, f"Failed to connect to {CA} port"),
    ],
)
def test_a_fault_is_in_the_ras_log_and_gone_afterwards(
    chain: Chain, fault: AnyFault, code: str, text: str
) -> None:
    before = chain.failures()
    with chain.dns.fault(fault):
        assert chain.enroll() != 200
    during = chain.failures()[len(before) :]
    assert {found for found, _ in during} == {code}
    assert all(said.startswith(text) for _, said in during), during
    assert chain.enroll() == 200
    assert len(chain.failures()) == len(before) + len(during)


@pytest.mark.parametrize("fault", [Truncate(), Delay(time=ConstantTime(0.05))])
def test_what_a_resolver_can_overcome_leaves_no_line(chain: Chain, fault: AnyFault) -> None:
    before = chain.failures()
    with chain.dns.fault(fault):
        assert chain.enroll() == 200
    assert chain.failures() == before
    assert any(fault.kind in query.faults for query in chain.dns.queries().queries)


def test_truncation_makes_the_ra_ask_over_tcp(chain: Chain) -> None:
    chain.dns.clear_queries()
    with chain.dns.fault(Truncate()):
        chain.enroll()
    assert {query.transport for query in chain.dns.queries().queries} == {"udp", "tcp"}


def test_flapping_fails_some_enrollments_and_not_others(chain: Chain) -> None:
    with chain.dns.fault(Flapping(every=3, outcome="nxdomain")):
        statuses = [chain.enroll() for _ in range(6)]
    assert 200 in statuses
    assert set(statuses) != {200}


def test_an_ra_that_cannot_resolve_the_ca_at_start_does_not_start(tmp_path: Path) -> None:
    with (
        DnsProcess(DnsPartSettings(), tmp_path) as dns,
        DnsClient(dns.url) as client,
        client.fault(Nxdomain(host=CA)),
        pytest.raises(PartFailed, match=rf"curl 6 \(Could not resolve: {CA} \(Domain name not found\)\)"),
        Lab(lab_settings(dns), tmp_path, tmp_path / "ca.sqlite"),
    ):
        pass
