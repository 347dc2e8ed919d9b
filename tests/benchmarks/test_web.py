"""`testbed.web` beside aiohttp, its best ready-made peer: CPU of the server per request.

The client is the same for both and in this process, so that the difference is the server's alone.
"""

import asyncio
import contextlib
import datetime as dt
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import psutil
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from testbed.pki import LabPki, client_context, make_lab_pki
from testbed.web.client import HttpConnection, Origin

AT_ONCE = 16
REQUESTS = 500
CONNECTIONS = 40
ROUNDS = 3
SERVERS = ("testbed.web", "aiohttp.web")


@contextlib.contextmanager
def serving(name: str, pki: LabPki) -> Iterator[tuple[int, psutil.Process]]:
    identity = pki.ra_server
    command = [sys.executable, "-m", "tests.benchmarks.peers", name, str(identity.key_path)]
    with subprocess.Popen(
        [*command, str(identity.certificate_path)], stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        try:
            yield int(server.stdout.readline()), psutil.Process(server.pid)
        finally:
            server.kill()


async def load(port: int, pki: LabPki, *, new_connections: bool) -> int:
    """Send requests over a few connections at once; returns how many."""
    origin, tls = Origin("127.0.0.1", port), client_context(pki.trust_anchor)
    headers = (("Host", origin.authority),)

    async def converse(requests: int, connections: int) -> None:
        for _ in range(connections):
            connection = HttpConnection(origin, tls)
            await connection.open()
            for _ in range(requests):
                await connection.send("GET", "/", headers)
            connection.close()

    requests, connections = (1, CONNECTIONS) if new_connections else (REQUESTS, 1)
    await asyncio.gather(*(converse(requests, connections) for _ in range(AT_ONCE)))
    return requests * connections * AT_ONCE


def cpu_ms_per_request(name: str, pki: LabPki, *, new_connections: bool) -> float:
    with serving(name, pki) as (port, process):
        asyncio.run(load(port, pki, new_connections=new_connections))
        before = sum(process.cpu_times()[:2])
        count = asyncio.run(load(port, pki, new_connections=new_connections))
        return (sum(process.cpu_times()[:2]) - before) / count * 1000


@pytest.mark.benchmark(group="web")
@pytest.mark.timeout(300)
@pytest.mark.parametrize("new_connections", [False, True], ids=["keep-alive", "new TLS connection each"])
def test_a_request_costs_less_than_with_the_best_ready_made_server(
    benchmark: BenchmarkFixture, tmp_path: Path, new_connections: bool
) -> None:
    pki = make_lab_pki(tmp_path, "BENCH", "127.0.0.1", dt.datetime.now(dt.UTC))

    def compare() -> tuple[float, float]:
        rounds = [
            [
                cpu_ms_per_request(name, pki, new_connections=new_connections)
                for name in ("testbed.web", "aiohttp.web")
            ]
            for _ in range(ROUNDS)
        ]
        own, peer = (sorted(column)[ROUNDS // 2] for column in zip(*rounds, strict=True))
        return own, peer

    own, peer = benchmark.pedantic(compare, rounds=1)  # type: ignore[no-untyped-call]
    click.echo(
        f"\nserver CPU-ms per request: testbed.web {own:.3f}, aiohttp.web {peer:.3f}, ratio {own / peer:.2f}"
    )
    benchmark.extra_info.update(own_ms=own, peer_ms=peer, ratio=own / peer)
