"""Every fault as dig sees it, and everything well again once it has ended."""

import random
import re
import statistics
import time

import pytest

from chaos.dns.client import DnsClient
from chaos.dns.faults.delay import Delay
from chaos.dns.faults.drop import Drop
from chaos.dns.faults.fault import DnsFault
from chaos.dns.faults.flapping import Flapping
from chaos.dns.faults.nxdomain import Nxdomain
from chaos.dns.faults.refused import Refused
from chaos.dns.faults.servfail import Servfail
from chaos.dns.faults.short_ttl import ShortTtl
from chaos.dns.faults.truncate import Truncate
from chaos.dns.faults.wrong_address import WrongAddress
from chaos.dns.faults.wrong_id import WrongId
from chaos.dns.plan import AnyFault, FaultPlan
from chaos.dns.process import DnsProcess
from testbed.ca.capacity_settings import ConstantTime, LognormalTime
from testbed.errors import SettingsError
from tests.chaos.dns.asking import ask, packet, read, udp_socket
from tests.chaos.dns.conftest import CA
from tests.chaos.dns.dig import NO_SERVER, dig, needs_dig

# dig reads CLOCK_REALTIME_COARSE, which moves every 4 ms.
COARSE_CLOCK_MILLISECONDS = 5

FAULTS: tuple[AnyFault, ...] = (
    Nxdomain(), Servfail(), Refused(), Drop(), Truncate(), WrongId(), WrongAddress(), ShortTtl(),
    Delay(time=ConstantTime(0.01)), Flapping(every=1),
)  # fmt: skip


def kind_of(fault: DnsFault) -> str:
    return fault.kind


@needs_dig
@pytest.mark.parametrize(
    ("fault", "status"), [(Nxdomain(), "NXDOMAIN"), (Servfail(), "SERVFAIL"), (Refused(), "REFUSED")]
)
@pytest.mark.parametrize("transport", ["+notcp", "+tcp"])
def test_a_refusal_has_its_status_and_no_answer(
    fault: AnyFault, status: str, transport: str, process: DnsProcess, client: DnsClient
) -> None:
    with client.fault(fault):
        seen = dig(process.address, CA, transport)
    assert (seen.status, seen.answers, seen.exit_code) == (status, [], 0)


@needs_dig
@pytest.mark.parametrize("transport", ["+notcp", "+tcp"])
def test_a_dropped_query_has_no_answer(transport: str, process: DnsProcess, client: DnsClient) -> None:
    with client.fault(Drop()):
        seen = dig(process.address, CA, transport, seconds=1)
    assert seen.exit_code == NO_SERVER
    assert "timed out" in seen.text


@needs_dig
@pytest.mark.parametrize("transport", ["+notcp", "+tcp"])
def test_a_delayed_answer_is_right_and_late(transport: str, process: DnsProcess, client: DnsClient) -> None:
    with client.fault(Delay(time=ConstantTime(0.25))):
        seen = dig(process.address, CA, transport)
    assert seen.addresses == ["127.0.0.9"]
    assert 250 - COARSE_CLOCK_MILLISECONDS <= seen.milliseconds < 5000


@needs_dig
def test_a_truncated_answer_sends_the_client_to_tcp(process: DnsProcess, client: DnsClient) -> None:
    with client.fault(Truncate()):
        cut = dig(process.address, CA, "+ignore")
        whole = dig(process.address, CA)
    assert "tc" in cut.flags
    assert cut.answers == []
    assert (whole.transport, whole.addresses) == ("TCP", ["127.0.0.9"])
    assert "Truncated, retrying in TCP mode" in whole.text


@needs_dig
def test_a_wrong_id_is_not_taken_for_the_answer(process: DnsProcess, client: DnsClient) -> None:
    with client.fault(WrongId()):
        seen = dig(process.address, CA, seconds=1)
    said = re.search(r"ID mismatch: expected ID (\d+), got (\d+)", seen.text)
    assert said is not None
    assert said[1] != said[2]
    assert seen.exit_code == NO_SERVER


@needs_dig
@pytest.mark.parametrize(("type_", "moved"), [("A", "127.0.0.77"), ("AAAA", "100::77")])
def test_a_wrong_address_takes_the_place_of_every_right_one(
    type_: str, moved: str, process: DnsProcess, client: DnsClient
) -> None:
    with client.fault(WrongAddress(ipv4="127.0.0.77", ipv6="100::77")):
        assert dig(process.address, CA, type_).addresses == [moved]
        assert dig(process.address, "two.test", type_).addresses[0] == moved


@pytest.mark.parametrize(
    ("ipv4", "ipv6", "named"),
    [("::1", "::1", "ipv4"), ("lab-dc", "::1", "ipv4"), ("127.0.0.1", "::g", "ipv6")],
)
def test_a_wrong_address_must_be_an_address(ipv4: str, ipv6: str, named: str) -> None:
    with pytest.raises(SettingsError, match=rf"{named}: '.*' is not an IPv"):
        WrongAddress(ipv4=ipv4, ipv6=ipv6)


@needs_dig
def test_a_short_ttl_shortens_the_life_of_every_record(process: DnsProcess, client: DnsClient) -> None:
    with client.fault(ShortTtl(ttl_seconds=2)):
        short = dig(process.address, "two.test")
    assert [fields[1] for fields in short.answers] == ["2", "2"]
    assert [fields[1] for fields in dig(process.address, "two.test").answers] == ["3600", "3600"]


@needs_dig
def test_flapping_fails_every_nth_query(process: DnsProcess, client: DnsClient) -> None:
    with client.fault(Flapping(every=3, outcome="nxdomain")):
        seen = [dig(process.address, CA).status for _ in range(7)]
    assert seen == ["NOERROR", "NOERROR", "NXDOMAIN"] * 2 + ["NOERROR"]


@pytest.mark.parametrize(("outcome", "rcode"), [("servfail", 2), ("nxdomain", 3), ("refused", 5)])
def test_flapping_fails_in_the_way_it_is_told(
    outcome: str, rcode: int, process: DnsProcess, client: DnsClient
) -> None:
    with client.fault(Flapping(every=1, outcome=outcome)):  # type: ignore[arg-type]
        assert ask(process.address, CA).rcode == rcode


def test_flapping_can_be_silence(process: DnsProcess, client: DnsClient) -> None:
    with client.fault(Flapping(every=2, outcome="drop")):
        ask(process.address, CA)
        with udp_socket(process.address) as asking:
            asking.send(packet(CA, id_=1))
            asking.send(packet(CA, id_=2))
            assert read(asking.recv(65_535)).id == 2


@pytest.mark.parametrize("fault", FAULTS, ids=kind_of)
def test_a_fault_that_has_ended_leaves_nothing_behind(
    fault: AnyFault, process: DnsProcess, client: DnsClient
) -> None:
    before = ask(process.address, CA)
    with client.fault(fault) as active, udp_socket(process.address) as asking:
        asking.send(packet(CA))
        assert client.faults().faults[0].strikes == 1
        assert client.faults().faults[0].id == active.id
    assert client.faults().faults == ()
    assert ask(process.address, CA) == before


@pytest.mark.parametrize("fault", FAULTS, ids=kind_of)
def test_a_fault_for_one_name_leaves_the_others_alone(
    fault: AnyFault, process: DnsProcess, client: DnsClient
) -> None:
    before = ask(process.address, "two.test")
    with client.fault(type(fault)(host=CA)):
        assert ask(process.address, "two.test") == before


def test_a_fault_ends_by_itself_after_its_seconds(process: DnsProcess, client: DnsClient) -> None:
    client.add_fault(Nxdomain(seconds=0.3))
    assert ask(process.address, CA).rcode == 3
    deadline = time.monotonic() + 10
    while client.faults().faults:
        assert time.monotonic() < deadline
    assert ask(process.address, CA).rcode == 0


def test_answers_that_a_fault_holds_back_go_when_it_ends(process: DnsProcess, client: DnsClient) -> None:
    with udp_socket(process.address) as asking:
        with client.fault(Delay(time=ConstantTime(600))):
            asking.send(packet(CA))
            assert client.queries().queries[0].delay_seconds == 600
        assert read(asking.recv(65_535)).addresses == ["127.0.0.9"]


def test_faults_add_up(process: DnsProcess, client: DnsClient) -> None:
    with client.fault(Delay(time=ConstantTime(0.2))), client.fault(WrongAddress()):
        started = time.monotonic()
        assert ask(process.address, CA).addresses == ["127.0.0.2"]
        assert time.monotonic() - started >= 0.2
    assert client.queries().queries[0].faults == ("delay", "wrong_address")


def test_delays_are_those_that_were_drawn(process: DnsProcess, client: DnsClient) -> None:
    """Errors stay far below a delay that matters; `make bench` has no part in this, so bounds are wide."""
    errors = []
    with client.fault(Delay(time=LognormalTime(0.02, 0.5))), udp_socket(process.address) as asking:
        for _ in range(40):
            sent = time.monotonic()
            asking.send(packet(CA))
            asking.recv(65_535)
            errors.append(time.monotonic() - sent)
    asked = [query.delay_seconds for query in client.queries().queries]
    late = [took - delay for took, delay in zip(errors, asked, strict=True)]
    assert len(set(asked)) == 40
    assert min(late) >= 0
    assert statistics.median(late) < 0.01


def test_the_same_seed_spoils_the_same_queries(process: DnsProcess, client: DnsClient) -> None:
    plan = (Nxdomain(probability=0.3), Delay(probability=0.5, time=LognormalTime(0.001, 1.0)), Flapping())
    names = random.Random(4).choices([CA, "two.test", "three.test"], k=60)

    def run(seed: int) -> list[tuple[tuple[str, ...], int, float]]:
        client.replace_faults(FaultPlan(plan, seed))
        client.clear_queries()
        for name in names:
            ask(process.address, name)
        return [(each.faults, each.rcode, each.delay_seconds) for each in client.queries().queries]

    first = run(11)
    assert {kind for faults, _, _ in first for kind in faults} == {"nxdomain", "delay", "flapping"}
    assert run(11) == first
    assert run(12) != first
