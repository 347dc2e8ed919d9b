"""The sockets: one port for UDP and TCP, streams cut anywhere, and nothing that brings it down."""

import socket
import time

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chaos.dns.client import DnsClient
from chaos.dns.faults.delay import Delay
from chaos.dns.process import DnsProcess
from testbed.ca.capacity_settings import ConstantTime
from tests.chaos.dns.asking import ask, framed, next_over_tcp, packet, tcp_socket, udp_socket
from tests.chaos.dns.conftest import CA
from tests.chaos.dns.test_wire import mutated

many = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def test_udp_and_tcp_answer_on_the_same_port(process: DnsProcess) -> None:
    with tcp_socket(process.address) as asking:
        asking.sendall(framed(packet(CA)))
        assert next_over_tcp(asking) == ask(process.address, CA)


def test_a_connection_carries_many_queries(process: DnsProcess) -> None:
    with tcp_socket(process.address) as asking:
        asking.sendall(b"".join(framed(packet(CA, id_=id_)) for id_ in range(20)))
        with asking.makefile("rb") as stream:
            ids = [stream.read(int.from_bytes(stream.read(2)))[:2] for _ in range(20)]
    assert [int.from_bytes(each) for each in ids] == list(range(20))


@many
@given(st.lists(st.integers(0, 29), max_size=6).map(sorted))
def test_a_stream_may_be_cut_anywhere(process: DnsProcess, cuts: list[int]) -> None:
    data = framed(packet(CA))
    with tcp_socket(process.address) as asking:
        asking.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for start, end in zip([0, *cuts], [*cuts, len(data)], strict=True):
            asking.sendall(data[start:end])
        assert next_over_tcp(asking).addresses == ["127.0.0.9"]


def test_a_late_answer_holds_up_no_other(process: DnsProcess, client: DnsClient) -> None:
    with client.fault(Delay(host=CA, time=ConstantTime(0.5))), tcp_socket(process.address) as asking:
        asking.sendall(framed(packet(CA, id_=1)) + framed(packet("two.test", id_=2)))
        assert [next_over_tcp(asking).id for _ in range(2)] == [2, 1]


@many
@given(st.lists(st.one_of(st.binary(max_size=300), mutated), max_size=8))
def test_no_datagram_brings_it_down(process: DnsProcess, packets: list[bytes]) -> None:
    with udp_socket(process.address) as asking:
        for data in packets:
            asking.send(data)
    assert ask(process.address, CA).addresses == ["127.0.0.9"]


@many
@given(st.lists(st.one_of(st.binary(max_size=300), mutated, mutated.map(framed)), max_size=4))
def test_no_stream_brings_it_down(process: DnsProcess, pieces: list[bytes]) -> None:
    with tcp_socket(process.address) as asking:
        for data in pieces:
            asking.sendall(data)
    assert ask(process.address, CA).addresses == ["127.0.0.9"]


def test_names_made_to_be_slow_to_read_are_not(process: DnsProcess) -> None:
    pointers = b"".join((0xC00C + 2 * n).to_bytes(2) for n in range(2000))
    slow = b"\x00\x07\x01\x00\x00\x01\x00\x00\x00\x00\x00\x02" + pointers
    with tcp_socket(process.address) as asking:
        started = time.monotonic()
        asking.sendall(framed(slow[:4096]) * 20 + framed(packet(CA)))
        with asking.makefile("rb") as stream:
            answers = [stream.read(int.from_bytes(stream.read(2))) for _ in range(21)]
    assert [answer[3] & 0xF for answer in answers] == [1] * 20 + [0]
    assert time.monotonic() - started < 5


def test_a_client_that_goes_before_its_answer_is_no_trouble(process: DnsProcess, client: DnsClient) -> None:
    with client.fault(Delay(time=ConstantTime(0.1))):
        with tcp_socket(process.address) as asking, udp_socket(process.address) as other:
            asking.sendall(framed(packet(CA)))
            other.send(packet(CA))
        assert ask(process.address, CA).addresses == ["127.0.0.9"]
