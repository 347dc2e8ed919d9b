"""Every toxic as a fault of the chain: its lines in one enrollment, and none without it."""

import pytest

from chaos.errors import FaultNotInjected
from chaos.fault import Fault
from chaos.registry import faults, read_fault
from chaos.tcp.client import ProxyWish
from chaos.tcp.registry import toxic_types
from tests.chaos.chain import HOPS, Chain, lasts_until_the_second_ends, leaves_its_evidence

FAILING = [
    {"fault": "tcp.down"},
    {"fault": "tcp.reset_peer"},
    {"fault": "tcp.limit_data"},
    {"fault": "tcp.timeout"},
    {"fault": "tcp.timeout", "timeout": 100},
    {"fault": "tcp.bandwidth", "rate": 0},
    {"fault": "tcp.refused"},
    {"fault": "tcp.latency", "latency": 10_000},
]
HARMLESS = ["tcp.bandwidth", "tcp.noop", "tcp.slicer", "tcp.slow_close"]


def test_every_toxic_is_a_fault_with_its_attributes_as_parameters() -> None:
    for kind, toxic in toxic_types().items():
        fault = faults()[f"tcp.{kind}"]
        assert set(toxic.__struct_fields__) < set(fault.__struct_fields__)


@pytest.mark.parametrize("hop", HOPS)
@pytest.mark.parametrize("table", FAILING, ids=str)
def test_a_toxic_fails_one_enrollment_by_its_lines(system: Chain, table: dict[str, object], hop: str) -> None:
    assert not leaves_its_evidence(system, read_fault({**table, "hop": hop})).enrolled


@pytest.mark.parametrize("name", HARMLESS)
def test_a_toxic_that_fails_nothing_leaves_no_line(system: Chain, name: str) -> None:
    fault = read_fault({"fault": name})
    assert leaves_its_evidence(system, fault).enrolled
    assert fault.evidence() == ()


def test_latency_slows_the_enrollment(system: Chain) -> None:
    fault = read_fault({"fault": "tcp.latency", "latency": 100, "hop": "phone-ra"})
    attempt = leaves_its_evidence(system, fault)
    assert attempt.tls_seconds is not None
    assert attempt.tls_seconds >= 0.1


@pytest.mark.parametrize("name", ["tcp.down", "tcp.refused"])
@pytest.mark.parametrize("first", [0, 1])
def test_two_at_once_last_until_the_second_ends_whichever_that_is(
    system: Chain, name: str, first: int
) -> None:
    lasts_until_the_second_ends(system, read_fault({"fault": name}), first)


def test_names_of_toxics_come_in_the_same_order_every_time(system: Chain) -> None:
    fault: Fault = read_fault({"fault": "tcp.noop"})
    with fault.strike(system), fault.strike(system):
        names = [toxic.name for toxic in system.proxies.proxy("ra-ca").toxics]
    assert names == ["noop_downstream", "noop_downstream_2"]
    assert system.proxies.proxy("ra-ca").toxics == []


def test_a_toxic_that_was_reset_meanwhile_ends_in_peace(system: Chain) -> None:
    with read_fault({"fault": "tcp.noop"}).strike(system):
        system.proxies.reset()


def test_a_hop_without_a_proxy_is_said_not_to_be_struck(system: Chain) -> None:
    wish = system.proxies.proxy("ra-ca")
    system.proxies.delete("ra-ca")
    try:
        for name in ("tcp.noop", "tcp.refused"):
            with pytest.raises(FaultNotInjected, match=name), read_fault({"fault": name}).strike(system):
                pytest.fail("it was struck")
    finally:
        system.proxies.populate([ProxyWish("ra-ca", wish.upstream, wish.listen)])
