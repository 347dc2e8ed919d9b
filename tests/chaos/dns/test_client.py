import socket

import pytest

from chaos.dns.client import DnsClient
from chaos.dns.faults.nxdomain import Nxdomain
from chaos.dns.faults.refused import Refused
from chaos.dns.plan import FaultPlan
from chaos.dns.process import DnsProcess
from chaos.dns.records import CaaPolicy
from chaos.errors import DnsRefused, DnsUnreachable
from tests.chaos.dns.asking import ask
from tests.testbed.raw_server import raw_server, saying

HOST = "client.test"


def shown(process: DnsProcess, type_: str) -> list[str]:
    return [value for _, _, value, _ in ask(process.address, HOST, type_).records]


def test_addresses_come_and_go(process: DnsProcess, client: DnsClient) -> None:
    client.add_a(HOST, "127.0.0.5", "127.0.0.6")
    client.add_aaaa(HOST, "::5")
    assert (shown(process, "A"), shown(process, "AAAA")) == (["127.0.0.5", "127.0.0.6"], ["::5"])
    client.clear_a(HOST)
    client.clear_aaaa(HOST)
    assert (shown(process, "A"), shown(process, "AAAA")) == (["127.0.0.1"], ["::1"])


def test_texts_policies_and_aliases_come_and_go(process: DnsProcess, client: DnsClient) -> None:
    client.set_txt(HOST, "foo")
    client.add_caa(HOST, CaaPolicy("issue", "ca.test"))
    assert (shown(process, "TXT"), shown(process, "CAA")) == (['"foo"'], ['0 issue "ca.test"'])
    client.clear_txt(HOST)
    client.clear_caa(HOST)
    client.set_cname(HOST, "two.test")
    assert shown(process, "CNAME") == ["two.test."]
    client.clear_cname(HOST)
    assert [shown(process, type_) for type_ in ("TXT", "CAA", "CNAME")] == [[], [], []]


def test_a_name_fails_until_it_is_cleared(process: DnsProcess, client: DnsClient) -> None:
    client.set_servfail(HOST)
    assert ask(process.address, HOST).rcode == 2
    client.clear_servfail(HOST)
    assert ask(process.address, HOST).rcode == 0


def test_defaults_change(process: DnsProcess, client: DnsClient) -> None:
    client.set_default_ipv4("127.0.0.8")
    client.set_default_ipv6("")
    assert (shown(process, "A"), shown(process, "AAAA")) == (["127.0.0.8"], [])
    client.set_default_ipv4("127.0.0.1")
    client.set_default_ipv6("::1")
    assert (shown(process, "A"), shown(process, "AAAA")) == (["127.0.0.1"], ["::1"])


def test_the_history_of_a_name_is_kept_until_it_is_cleared(process: DnsProcess, client: DnsClient) -> None:
    ask(process.address, HOST, "AAAA")
    (event,) = client.request_history(HOST)
    assert (event.question.name, event.question.qtype, event.question.qclass) == (f"{HOST}.", 28, 1)
    client.clear_request_history(HOST)
    assert client.request_history(HOST) == []


def test_a_plan_comes_back_as_it_was_given(client: DnsClient) -> None:
    plan = FaultPlan((Nxdomain(host="x"), Refused(probability=0.5)), seed=3)
    assert client.replace_faults(plan).seed == 3
    assert tuple(active.fault for active in client.faults().faults) == plan.faults


def test_a_fault_that_ended_early_is_no_error_at_the_end_of_its_block(client: DnsClient) -> None:
    with client.fault(Nxdomain()) as active:
        client.end_fault(active.id)


def test_a_fault_ends_when_its_block_raises(process: DnsProcess, client: DnsClient) -> None:
    with pytest.raises(ZeroDivisionError), client.fault(Nxdomain()):
        1 / 0  # noqa: B018
    assert ask(process.address, HOST).rcode == 0


def test_a_refusal_has_the_servers_words_and_status(client: DnsClient) -> None:
    with pytest.raises(DnsRefused, match="there is no fault 999999") as refused:
        client.end_fault(999_999)
    assert refused.value.status == 404


def test_a_refusal_without_a_reason_says_where_to_look(client: DnsClient) -> None:
    with pytest.raises(DnsRefused, match="is a parameter empty or missing"):
        client.add_a(HOST)


def test_nobody_there_names_the_url_and_what_to_do() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    why = rf"no DNS server answers at http://127\.0\.0\.1:{port} .*is it running"
    with DnsClient(f"http://127.0.0.1:{port}") as client, pytest.raises(DnsUnreachable, match=why):
        client.faults()


def test_somebody_else_there_is_told_apart() -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello"
    with (
        raw_server(saying(answer), None) as port,
        DnsClient(f"http://127.0.0.1:{port}") as client,
        pytest.raises(DnsUnreachable, match="/faults does not answer like the DNS server: "),
    ):
        client.faults()
