"""How many connections are taken, and what becomes of the others."""

import asyncio
import contextlib
import os
import resource
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvloop
from msgspec import convert

from testbed.ra.capacity_settings import RaWorkers
from testbed.ra.est.settings import EstSettings
from tests.testbed.ra.conftest import EstClient, RunningRa
from tests.testbed.ra.est_requests import GOOD
from tests.testbed.ra.test_late_answers import counted


def connect(client: EstClient) -> socket.socket:
    return socket.create_connection(("127.0.0.1", client.origin.port))


@pytest.mark.parametrize(("profile", "model"), [("libest", "async"), ("rfc", "async"), ("rfc", "blocking")])
def test_connections_beyond_the_cap_wait_to_be_accepted_and_are_served_then(
    running_ra: RunningRa, csr_lines: bytes, profile: str, model: str
) -> None:
    async def scenario() -> int:
        workers = convert({"model": model, "connections": 2}, RaWorkers)
        async with running_ra(est=convert({"profile": profile}, EstSettings), workers=workers) as client:
            with connect(client), connect(client), connect(client):
                enrollment = asyncio.create_task(client.enroll(csr_lines, GOOD))
                await counted(client, "estorm_ra_connections", 2)
                await counted(client, "estorm_ra_accept_queue", 2)
                assert not enrollment.done()
            status = (await enrollment).status
            await counted(client, "estorm_ra_connections", 0)
            return status

    assert uvloop.run(scenario()) == 200


@contextlib.contextmanager
def no_files_left() -> Iterator[None]:
    """No file can be opened by this process inside the block."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    lowest_free = os.dup(0)
    os.close(lowest_free)
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest_free, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_an_ra_without_files_left_says_so_and_serves_once_it_has_some(
    running_ra: RunningRa, csr_lines: bytes, tmp_path: Path
) -> None:
    async def scenario() -> int:
        async with running_ra() as client:
            waiting = connect(client)  # taken by the kernel; the RA shares this thread and has not yet
            with no_files_left():
                await asyncio.sleep(0.1)
            with waiting:
                await counted(client, "estorm_ra_connections", 1)
            return (await client.enroll(csr_lines, GOOD)).status

    assert uvloop.run(scenario()) == 200
    assert "[crit]" in (log := (tmp_path / "nginx_error.log").read_text())
    assert "accept4() failed (24: Too many open files)" in log


def test_a_client_that_resets_before_it_is_accepted_costs_nobody_else(
    running_ra: RunningRa, csr_lines: bytes
) -> None:
    async def scenario() -> int:
        async with running_ra() as client:
            for _ in range(20):
                with connect(client) as leaving:
                    leaving.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            return (await client.enroll(csr_lines, GOOD)).status

    assert uvloop.run(scenario()) == 200
