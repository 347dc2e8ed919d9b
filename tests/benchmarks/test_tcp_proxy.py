"""The TCP proxy beside socat, a relay in C, and its latency toxic beside what was asked of it.

All in one run, for rates drift on shared machines: only ratios and delays are worth keeping.
"""

import shutil
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from chaos.tcp.client import ProxyState, ProxyWish, Toxiproxy
from chaos.tcp.process import ProxyProcess
from chaos.tcp.settings import TcpPartSettings
from tests.benchmarks.relays import BULK_BYTES, loaded, server, socat

Address = tuple[str, int]
ROUNDS = 3
PINGS = 2_000
CONNECTIONS = 300
PING_BYTES = 1_000


@pytest.fixture
def toxiproxy(tmp_path: Path) -> Iterator[Toxiproxy]:
    with ProxyProcess(TcpPartSettings(), tmp_path) as process, Toxiproxy(process.url) as client:
        yield client


@pytest.fixture
def upstream() -> Iterator[int]:
    with server() as port:
        yield port


def proxied(toxiproxy: Toxiproxy, port: int) -> ProxyState:
    return toxiproxy.create(ProxyWish("hop", f"127.0.0.1:{port}"))


def connected(address: Address) -> socket.socket:
    client = socket.create_connection(address, timeout=60)
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return client


def bulk_mb_per_second(address: Address) -> float:
    block = memoryview(bytes(1 << 18))
    with connected(address) as client:
        client.sendall(b"b")
        started = time.perf_counter()
        for _ in range(BULK_BYTES // len(block)):
            client.sendall(block)
        assert client.recv(1) == b"k"
        return BULK_BYTES / (time.perf_counter() - started) / 1e6


def round_trips_ms(address: Address, count: int) -> list[float]:
    """Sorted times of kilobytes said back on one connection."""
    with connected(address) as client:
        client.sendall(b"e")
        times = [one_round_trip(client) for _ in range(count)]
    return sorted(seconds * 1000 for seconds in times)


def one_round_trip(client: socket.socket) -> float:
    started = time.perf_counter()
    client.sendall(bytes(PING_BYTES))
    left = PING_BYTES
    while left:
        left -= len(client.recv(left))
    return time.perf_counter() - started


def connection_ms(address: Address) -> float:
    """Time of a connection with one byte there and back."""
    started = time.perf_counter()
    for _ in range(CONNECTIONS):
        with connected(address) as client:
            client.sendall(b"ex")
            client.recv(1)
    return (time.perf_counter() - started) / CONNECTIONS * 1000


def quantile(ordered: list[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def median_of(measure: Callable[[Address], float], addresses: dict[str, Address]) -> dict[str, float]:
    """The median of some rounds, interleaved, so that drift meets all alike."""
    rounds = [{name: measure(address) for name, address in addresses.items()} for _ in range(ROUNDS)]
    return {name: sorted(each[name] for each in rounds)[ROUNDS // 2] for name in addresses}


@pytest.mark.benchmark(group="tcp proxy")
@pytest.mark.timeout(300)
@pytest.mark.skipif(not shutil.which("socat"), reason="socat is not installed")
def test_without_toxics_it_relays_like_socat(
    benchmark: BenchmarkFixture, toxiproxy: Toxiproxy, upstream: int
) -> None:
    with socat(upstream) as plain, socat(upstream, "-b262144") as large:
        hop = proxied(toxiproxy, upstream)
        relays = {
            "direct": ("127.0.0.1", upstream), "proxy": hop.address, "socat": plain, "socat -b262144": large,
        }  # fmt: skip

        def compare() -> list[dict[str, float]]:
            return [
                median_of(bulk_mb_per_second, relays),
                median_of(lambda address: quantile(round_trips_ms(address, PINGS), 0.5), relays),
                median_of(connection_ms, relays),
            ]

        bulk, trip, connection = benchmark.pedantic(compare, rounds=1)  # type: ignore[no-untyped-call]
    for name in relays:
        click.echo(
            f"\n{name:15} {bulk[name]:6.0f} MB/s, round trip of 1 kB p50 {trip[name] * 1000:4.0f} us, "
            f"connection with one byte {connection[name] * 1000:5.0f} us",
            nl=False,
        )
    ratio = bulk["proxy"] / bulk["socat"]
    click.echo(f"\nthroughput: {ratio:.2f} of socat's")
    benchmark.extra_info.update(bulk_ratio=ratio, trip_ratio=trip["proxy"] / trip["socat"])
    assert ratio > 0.5


@pytest.mark.benchmark(group="tcp proxy")
@pytest.mark.timeout(300)
def test_the_latency_asked_for_is_the_latency_measured(
    benchmark: BenchmarkFixture, toxiproxy: Toxiproxy, upstream: int
) -> None:
    hop = proxied(toxiproxy, upstream)
    other = toxiproxy.create(ProxyWish("loaded", f"127.0.0.1:{upstream}"))

    def measure() -> dict[tuple[int, str], tuple[float, float]]:
        found = {}
        for asked_ms in (0, 1, 5, 20, 100):
            with toxiproxy.toxic("hop", "latency", {"latency": asked_ms}):
                count = min(1_000, 4_000 // max(1, asked_ms))
                idle = round_trips_ms(hop.address, count)
                with loaded(other.address[1]):
                    busy = round_trips_ms(hop.address, count)
            assert min(*idle, *busy) >= asked_ms
            for name, times in (("idle", idle), ("loaded", busy)):
                found[asked_ms, name] = quantile(times, 0.5), quantile(times, 0.99)
        return found

    found = benchmark.pedantic(measure, rounds=1)  # type: ignore[no-untyped-call]
    click.echo("\nlatency asked for, round trip measured (ms)")
    for (asked_ms, name), (p50, p99) in found.items():
        click.echo(f"  {asked_ms:3d} ms, {name:6}: p50 {p50:7.2f}  p99 {p99:7.2f}")
        benchmark.extra_info[f"{asked_ms} {name}"] = p50, p99
