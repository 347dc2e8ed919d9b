"""The DNS server's delays beside what was asked for, idle and under load, and what a query costs it."""

import contextlib
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import click
import psutil
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from chaos.dns.client import DnsClient
from chaos.dns.faults.delay import Delay
from chaos.dns.plan import DnsPartSettings
from chaos.dns.process import DnsProcess
from testbed.ca.capacity_settings import ConstantTime
from tests.benchmarks.test_tcp_proxy import quantile
from tests.chaos.dns.asking import packet, udp_socket

SLOW, BUSY = "slow.test", "busy.test"
QUERIES_PER_SECOND = 1000
BURSTS, BURST = 200, 50


@pytest.fixture
def dns(tmp_path: Path) -> Iterator[DnsProcess]:
    with DnsProcess(DnsPartSettings(), tmp_path) as running:
        yield running


@contextlib.contextmanager
def loaded(address: str) -> Iterator[None]:
    """A thousand queries a second from a thread, for the length of the block."""
    stop = threading.Event()

    def load() -> None:
        due = time.monotonic()
        with udp_socket(address) as asking:
            while not stop.is_set():
                asking.send(packet(BUSY))
                asking.recv(65_535)
                due += 1 / QUERIES_PER_SECOND
                stop.wait(max(0.0, due - time.monotonic()))

    thread = threading.Thread(target=load)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def answers_ms(address: str, count: int) -> list[float]:
    """Sorted times from a query to its answer."""
    times = []
    with udp_socket(address) as asking:
        for _ in range(count):
            started = time.monotonic()
            asking.send(packet(SLOW))
            asking.recv(65_535)
            times.append((time.monotonic() - started) * 1000)
    return sorted(times)


@pytest.mark.benchmark(group="dns")
@pytest.mark.timeout(300)
def test_the_delay_asked_for_is_the_delay_measured(benchmark: BenchmarkFixture, dns: DnsProcess) -> None:
    def measure() -> dict[tuple[int, str], tuple[float, float]]:
        found = {}
        with DnsClient(dns.url) as client:
            for asked_ms in (0, 1, 5, 20, 100):
                with client.fault(Delay(host=SLOW, time=ConstantTime(asked_ms / 1000))):
                    count = min(1_000, 4_000 // max(1, asked_ms))
                    idle = answers_ms(dns.address, count)
                    with loaded(dns.address):
                        busy = answers_ms(dns.address, count)
                assert min(*idle, *busy) >= asked_ms
                for name, times in (("idle", idle), ("loaded", busy)):
                    found[asked_ms, name] = quantile(times, 0.5), quantile(times, 0.99)
        return found

    found = benchmark.pedantic(measure, rounds=1)  # type: ignore[no-untyped-call]
    click.echo("\ndelay asked for, time to the answer (ms)")
    for (asked_ms, name), (p50, p99) in found.items():
        click.echo(f"  {asked_ms:3d} ms, {name:6}: p50 {p50:7.2f}  p99 {p99:7.2f}")
        benchmark.extra_info[f"{asked_ms} {name}"] = p50, p99


@pytest.mark.benchmark(group="dns")
def test_a_query_costs_little(benchmark: BenchmarkFixture, dns: DnsProcess) -> None:
    def measure() -> tuple[float, float]:
        server, started = psutil.Process(dns.pid), time.monotonic()
        before = sum(server.cpu_times()[:2])
        with udp_socket(dns.address) as asking:
            for _ in range(BURSTS):
                for _ in range(BURST):
                    asking.send(packet(BUSY))
                for _ in range(BURST):
                    asking.recv(65_535)
        count = BURSTS * BURST
        cpu_seconds = sum(server.cpu_times()[:2]) - before
        return count / (time.monotonic() - started), cpu_seconds / count * 1000

    rate, cpu_ms = benchmark.pedantic(measure, rounds=1)  # type: ignore[no-untyped-call]
    click.echo(f"\n{rate:.0f} queries a second over UDP, {cpu_ms:.3f} CPU-ms each")
    benchmark.extra_info.update(rate=rate, cpu_ms=cpu_ms)
