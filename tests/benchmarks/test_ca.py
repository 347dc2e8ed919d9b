"""The CA alone: requests per second and CPU per enrollment, with no rows and with a million.

One enrollment is what the vendor's RA makes of it: two fresh TLS connections, an NTLM login on each, seven
requests. The client is in this process, on the other core; only the CA's CPU counts.
"""

import asyncio
import base64
import contextlib
import re
import ssl
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import click
import psutil
import pytest
import uvloop
from pytest_benchmark.fixture import BenchmarkFixture

from testbed.ca import database
from testbed.ca.records import RequestRecord
from testbed.ca.settings import CaSettings
from testbed.ntlm.initiator import Initiator
from testbed.pki import client_context
from testbed.settings import CaPartSettings
from testbed.supervision import PartProcess
from testbed.web.client import HttpConnection, Origin
from testbed.web.messages import Header, Reply
from tests.benchmarks.floor import measure_floor
from tests.mock_ca import PASSWORD, enroll_form, part_settings

PHONES_AT_ONCE = 16
ENROLLMENTS = 800
REQUESTS = 7
ROWS = 1_000_000
ROUNDS = 8
_BATCH = 20_000
ID = re.compile(rb"certnew\.cer\?ReqID=(\d+)&")


@dataclass(frozen=True)
class Target:
    """A CA in a process of its own, and what a client needs to enroll there."""

    process: psutil.Process
    origin: Origin
    tls: ssl.SSLContext
    initiator: Initiator

    def cpu_seconds(self) -> float:
        times = self.process.cpu_times()
        return float(times.user + times.system)


@dataclass(frozen=True)
class Round:
    """One round of enrollments."""

    per_second: float
    cpu_ms: float


@contextlib.contextmanager
def ca_process(part: CaPartSettings, directory: Path) -> Iterator[Target]:
    directory.mkdir()
    process = PartProcess("ca", directory / "launch.json", directory, "u_ex*.log")
    try:
        url = urlsplit(process.start(part, 30)["certsrv"])
        assert url.hostname
        assert url.port
        yield Target(
            psutil.Process(process.pid),
            Origin(url.hostname, url.port),
            client_context(part.issuing_chain),
            Initiator("ESTORM", "ciscora", PASSWORD),
        )
    finally:
        process.stop()


async def log_in(target: Target, common: tuple[Header, ...]) -> HttpConnection:
    connection = HttpConnection(target.origin, target.tls)
    await connection.open()
    first = base64.b64encode(target.initiator.negotiate()).decode()
    challenge = await connection.send("GET", "/certsrv", (*common, ("Authorization", f"NTLM {first}")))
    offered = (challenge.headers.get("www-authenticate") or "").removeprefix("NTLM ")
    answer = base64.b64encode(target.initiator.authenticate(base64.b64decode(offered))).decode()
    moved = await connection.send("GET", "/certsrv", (*common, ("Authorization", f"NTLM {answer}")))
    assert moved.status == 301
    return connection


async def enroll(target: Target, body: bytes) -> None:
    """One enrollment of seven requests."""
    common = (("Host", target.origin.authority), ("User-Agent", "CiscoRA 1.0"))
    first = await log_in(target, common)
    assert b"lbCertTemplate" in (await first.send("GET", "/certsrv/certrqxt.asp", common)).body
    first.close()
    second = await log_in(target, common)
    headers = (*common, ("Content-Length", str(len(body))))
    page: Reply = await second.send("POST", "/certsrv/certfnsh.asp", headers, body)
    found = ID.search(page.body)
    assert found
    query = f"ReqID={int(found[1])}&ENC=b64"
    assert (await second.send("GET", f"/certsrv/certnew.cer?{query}", common)).body.startswith(b"-----BEGIN")
    second.close()


async def enroll_many(target: Target, count: int) -> None:
    body = urlencode(enroll_form()).encode()
    left = iter(range(count))

    async def phone() -> None:
        for _ in left:
            await enroll(target, body)

    await asyncio.gather(*(phone() for _ in range(PHONES_AT_ONCE)))


def measure(target: Target, count: int = ENROLLMENTS) -> Round:
    cpu, started = target.cpu_seconds(), time.perf_counter()
    uvloop.run(enroll_many(target, count))
    seconds = time.perf_counter() - started
    return Round(count / seconds, (target.cpu_seconds() - cpu) / count * 1000)


def fill(path: Path, rows: int) -> None:
    """Give the database `rows` requests more, each like its last one but for id and serial."""
    with contextlib.closing(database.open_for_service(path)) as connection:
        first = database.last_id(connection)
        model = database.find(connection, first)
        assert model
        connection.execute("PRAGMA synchronous = OFF")
        for start in range(first + 1, first + rows + 1, _BATCH):
            connection.execute("BEGIN")
            end = min(start + _BATCH, first + rows + 1)
            connection.executemany(
                database.INSERT, (database.row_of(like(model, number)) for number in range(start, end))
            )
            connection.execute("COMMIT")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def like(model: RequestRecord, number: int) -> RequestRecord:
    assert model.serial
    tail = f"{number:08x}"
    return replace(model, id=number, serial=f"{model.serial[:2]}{tail}{model.serial[10:-8]}{tail}")


@pytest.mark.benchmark(group="ca")
@pytest.mark.timeout(600)
def test_an_enrollment_at_the_ca_beside_its_crypto_floor(benchmark: BenchmarkFixture, tmp_path: Path) -> None:
    part = part_settings(tmp_path, CaSettings())
    floor_directory = tmp_path / "floor"
    floor_directory.mkdir()
    with ca_process(part, tmp_path / "process") as target:
        measure(target, 100)
        rounds: list[Round] = []
        benchmark.pedantic(lambda: rounds.append(measure(target)), rounds=5)  # type: ignore[no-untyped-call]
    floor = measure_floor(floor_directory).ca
    cpu_ms = statistics.median(each.cpu_ms for each in rounds)
    per_second = statistics.median(each.per_second for each in rounds)
    benchmark.extra_info.update(cpu_ms=cpu_ms, floor_ms=floor, requests_per_second=per_second * REQUESTS)
    click.echo(
        f"\n{per_second * REQUESTS:.0f} requests/s, {per_second:.0f} enrollments/s; per enrollment "
        f"{cpu_ms:.2f} CPU-ms at the CA, crypto floor {floor:.2f}, ratio {cpu_ms / floor:.2f}"
    )
    # Sockets, HTTP, NTLM, pages and the database are on top of the floor; a tenfold is a defect.
    assert cpu_ms < 10 * floor


@pytest.mark.benchmark(group="ca")
@pytest.mark.timeout(1200)
def test_a_million_rows_cost_no_more_than_none(benchmark: BenchmarkFixture, tmp_path: Path) -> None:
    """Two CAs side by side, rounds in turn, so that the machine's drift strikes both alike."""
    empty, full = (part_settings(directory_in(tmp_path, name), CaSettings()) for name in ("empty", "full"))
    with ca_process(full, tmp_path / "seed") as target:
        measure(target, 20)
    fill(full.database, ROWS)
    with (
        ca_process(empty, tmp_path / "empty-process") as without,
        ca_process(full, tmp_path / "full-process") as with_rows,
    ):
        for target in (without, with_rows):
            measure(target, 100)
        pairs: list[tuple[Round, Round]] = []

        def compare() -> None:
            # Each goes first as often as the other: what runs second finds the machine warmer.
            if len(pairs) % 2:
                many = measure(with_rows)
                pairs.append((measure(without), many))
            else:
                pairs.append((measure(without), measure(with_rows)))

        benchmark.pedantic(compare, rounds=ROUNDS)  # type: ignore[no-untyped-call]
    ratio = statistics.median(full_round.cpu_ms / empty_round.cpu_ms for empty_round, full_round in pairs)
    rate = statistics.median(
        full_round.per_second / empty_round.per_second for empty_round, full_round in pairs
    )
    benchmark.extra_info.update(cpu_ratio=ratio, rate_ratio=rate)
    click.echo(f"\n{ROWS} rows against none: CPU x {ratio:.3f}, rate x {rate:.3f}")
    assert ratio < 1.1
    assert rate > 0.9


def directory_in(parent: Path, name: str) -> Path:
    directory = parent / name
    directory.mkdir()
    return directory
