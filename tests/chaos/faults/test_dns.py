"""Every lie about the CA's name as a fault of the chain: its lines in one enrollment, and none without it."""

import pytest

from chaos.dns.plan import AnyFault
from chaos.errors import FaultNotInjected
from chaos.registry import faults, read_fault
from tests.chaos.chain import Chain, leaves_its_evidence
from tests.guide import guide_text, nginx_lines

FAILING = [
    {"fault": "dns.nxdomain"},
    {"fault": "dns.servfail"},
    {"fault": "dns.refused"},
    {"fault": "dns.drop"},
    {"fault": "dns.wrong_id"},
    {"fault": "dns.wrong_address"},
    {"fault": "dns.delay", "time": {"kind": "constant", "seconds": 10}},
]
HARMLESS = [
    {"fault": "dns.delay", "time": {"kind": "constant", "seconds": 0.1}},
    {"fault": "dns.truncate"},
    {"fault": "dns.short_ttl"},
]


def test_every_lie_is_a_fault_that_is_about_the_ca_alone() -> None:
    for lie in AnyFault.__args__:
        fault = faults()[f"dns.{lie.__struct_config__.tag}"]
        assert set(lie.__struct_fields__) - set(fault.__struct_fields__) == {"host", "seconds"}


@pytest.mark.parametrize("table", FAILING, ids=str)
def test_a_lie_fails_one_enrollment_by_its_lines(system: Chain, table: dict[str, object]) -> None:
    assert not leaves_its_evidence(system, read_fault(table)).enrolled
    assert system.dns.faults().faults == ()


@pytest.mark.parametrize("table", HARMLESS, ids=str)
def test_a_lie_that_fails_nothing_leaves_no_line(system: Chain, table: dict[str, object]) -> None:
    fault = read_fault(table)
    assert leaves_its_evidence(system, fault).enrolled
    assert fault.evidence() == ()


def test_an_unknown_name_is_the_guides_line(system: Chain) -> None:
    fault = read_fault({"fault": "dns.nxdomain"})
    with fault.strike(system):
        text = system.enroll().text("nginx_error").replace(system.ca_host, "lab-dcc.michamen.com")
    shown = [line for line in nginx_lines(guide_text()) if "return code 6 (" in line]
    reason = shown[0][shown[0].index("return code 6") :].strip()
    assert reason in text


def test_a_flapping_name_fails_some_enrollments_and_not_others(system: Chain) -> None:
    with read_fault({"fault": "dns.flapping", "every": 3, "types": ["A"]}).strike(system):
        outcomes = {system.enroll().attempt.enrolled for _ in range(3)}
    assert outcomes == {True, False}


def test_a_lie_that_cannot_be_told_is_said_so(system: Chain) -> None:
    table = {"fault": "dns.delay", "time": {"kind": "empirical", "file": "/nowhere"}}
    with pytest.raises(FaultNotInjected, match="/nowhere"), read_fault(table).strike(system):
        pytest.fail("it was told")


def test_a_lie_that_has_ended_by_itself_ends_in_peace(system: Chain) -> None:
    with read_fault({"fault": "dns.nxdomain"}).strike(system):
        system.dns.end_faults()
