"""Bytes through a proxy: all of them, in order, whatever acts on them, changes, or stands in the way."""

import threading
from time import monotonic

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chaos.tcp.client import Stream, Toxiproxy
from tests.chaos.tcp.rig import connected, proxied, read_exactly, sent_in_background

HARMLESS: dict[str, dict[str, int]] = {
    "noop": {},
    "latency": {"latency": 2, "jitter": 2},
    "bandwidth": {"rate": 20_000},
    "slicer": {"average_size": 2_000, "size_variation": 1_000, "delay": 50},
    "slow_close": {"delay": 10},
    "limit_data": {"bytes": 1_000_000_000},
}
toxics = st.lists(
    st.tuples(st.sampled_from(sorted(HARMLESS)), st.sampled_from(["upstream", "downstream"])),
    max_size=4,
    unique=True,
)
chunks = st.lists(st.integers(1, 50_000), min_size=1, max_size=8)
on_one_process = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def bytes_of(sizes: list[int]) -> list[bytes]:
    whole = bytes(number * 7 % 251 for number in range(sum(sizes)))
    starts = [sum(sizes[:number]) for number in range(len(sizes))]
    return [whole[start : start + size] for start, size in zip(starts, sizes, strict=True)]


@on_one_process
@given(acting=toxics, sizes=chunks)
def test_every_byte_arrives_in_order_whatever_the_chunks_and_harmless_toxics(
    toxiproxy: Toxiproxy, acting: list[tuple[str, Stream]], sizes: list[int]
) -> None:
    pieces = bytes_of(sizes)
    with proxied(toxiproxy) as proxy:
        for kind, stream in acting:
            toxiproxy.add_toxic("hop", kind, HARMLESS[kind], stream)
        with connected(proxy) as client:
            sending = sent_in_background(client, pieces)
            assert read_exactly(client, sum(sizes)) == b"".join(pieces)
            sending.join()


@settings(on_one_process, max_examples=10)
@given(acting=st.lists(st.sampled_from(sorted(HARMLESS)), min_size=1, max_size=5, unique=True))
def test_every_byte_arrives_in_order_while_toxics_come_change_and_go(
    toxiproxy: Toxiproxy, acting: list[str]
) -> None:
    pieces = bytes_of([40_000] * 40)
    with proxied(toxiproxy) as proxy, connected(proxy) as client:
        toxiproxy.add_toxic("hop", "bandwidth", {"rate": 10_000}, name="pace")
        sending = sent_in_background(client, pieces)
        meddling = threading.Thread(target=meddle, args=(toxiproxy.url, acting))
        meddling.start()
        received = read_exactly(client, 1_600_000)
        meddling.join()
        sending.join()
        assert received == b"".join(pieces)


def meddle(url: str, acting: list[str]) -> None:
    with Toxiproxy(url) as own:
        for kind in acting:
            own.add_toxic("hop", kind, HARMLESS[kind], "upstream")
            own.add_toxic("hop", kind, HARMLESS[kind], "downstream")
        for kind in acting:
            own.update_toxic("hop", f"{kind}_upstream", HARMLESS[kind])
        for kind in acting:
            own.remove_toxic("hop", f"{kind}_upstream")
            own.remove_toxic("hop", f"{kind}_downstream")


def test_a_reader_that_does_not_read_stops_the_sender_not_the_proxy(toxiproxy: Toxiproxy) -> None:
    total = 30_000_000
    with proxied(toxiproxy) as proxy, connected(proxy) as slow, connected(proxy) as quick:
        sending = sent_in_background(slow, [b"x" * total])
        quick.sendall(b"hello")
        assert read_exactly(quick, 5) == b"hello"
        assert len(read_exactly(slow, total)) == total
        sending.join()


def test_a_toxic_that_is_removed_lets_go_of_what_it_held(toxiproxy: Toxiproxy) -> None:
    with proxied(toxiproxy) as proxy, connected(proxy) as client:
        with toxiproxy.toxic("hop", "latency", {"latency": 3_600_000}):
            client.sendall(b"held")
        assert read_exactly(client, 4) == b"held"


def test_a_toxic_that_is_changed_lets_go_of_what_it_held(toxiproxy: Toxiproxy) -> None:
    with proxied(toxiproxy) as proxy, connected(proxy) as client:
        toxiproxy.add_toxic("hop", "bandwidth", {"rate": 0})
        client.sendall(b"held")
        toxiproxy.update_toxic("hop", "bandwidth_downstream", {"rate": 1_000})
        client.sendall(b", flowing")
        assert read_exactly(client, 13) == b"held, flowing"


def test_limit_data_counts_on_when_it_is_changed(toxiproxy: Toxiproxy) -> None:
    with proxied(toxiproxy) as proxy, connected(proxy) as client:
        toxiproxy.add_toxic("hop", "limit_data", {"bytes": 1_000})
        client.sendall(b"1234")
        assert read_exactly(client, 4) == b"1234"
        toxiproxy.update_toxic("hop", "limit_data_downstream", {"bytes": 6})
        client.sendall(b"5678")
        assert read_exactly(client, 100) == b"56"


def test_chained_latencies_add_up(toxiproxy: Toxiproxy) -> None:
    with proxied(toxiproxy) as proxy, connected(proxy) as client:
        toxiproxy.add_toxic("hop", "latency", {"latency": 30}, name="first")
        toxiproxy.add_toxic("hop", "latency", {"latency": 30}, name="second")
        asked = monotonic()
        client.sendall(b"x")
        client.recv(1)
        assert monotonic() - asked >= 0.06


@pytest.mark.parametrize("stream", ["upstream", "downstream"])
def test_nothing_is_closed_by_a_timeout_of_zero_until_it_is_removed(
    toxiproxy: Toxiproxy, stream: Stream
) -> None:
    with proxied(toxiproxy) as proxy, connected(proxy) as client:
        client.sendall(b"open")
        assert read_exactly(client, 4) == b"open"
        with toxiproxy.toxic("hop", "timeout", stream=stream):
            client.sendall(b"swallowed")
        assert read_exactly(client, 1) == b""
