"""CSCvf83629: the CA answers after the client has gone. CSCvo58656: timers on both sides."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable
from pathlib import Path

import pytest
import uvloop
from msgspec.structs import replace

from testbed.ca.database import issued
from testbed.ca.faults import Fault, FaultPlan
from testbed.ca.settings import CaSettings
from testbed.pki import LabPki
from testbed.ra.certsrv.settings import RaTimers
from testbed.ra.process import running
from testbed.settings import AccountSettings, RaPartSettings, RaSettings
from testbed.web.messages import Reply, Request, Response
from tests.mock_ca import PASSWORD, MockCa, mock_ca
from tests.testbed.ra.conftest import EST_PASSWORD, EstClient, RunningRa
from tests.testbed.ra.est_requests import GOOD, metrics
from tests.testbed.ra.scripted_ca import PAGE, ScriptedCa

SUBMIT, DOWNLOAD = "/certsrv/certfnsh.asp", "/certsrv/certnew.cer"
LATE = "estorm_ra_late_certificates_total"


async def impatient(enrollment: Awaitable[Reply], seconds: float) -> Reply | None:
    """The answer, or None when the client hung up first."""
    try:
        return await asyncio.wait_for(enrollment, seconds)
    except TimeoutError:
        return None


async def counted(client: EstClient, name: str, value: float) -> dict[str, float]:
    """The metrics, once `name` has that value."""
    for _ in range(500):
        found = await metrics(client)
        if found.get(name) == value:
            return found
        await asyncio.sleep(0.01)
    pytest.fail(f"{name} never was {value}: {found}")


class Gate:
    """Lets a test decide when the CA answers one of its pages."""

    def __init__(self, ca: ScriptedCa, path: str) -> None:
        self._ca = ca
        self.open = asyncio.Event()
        self.reached = asyncio.Event()
        ca.answers[path] = self.answer

    async def answer(self, request: Request) -> Response:
        self.reached.set()
        await self.open.wait()
        return await self._ca.usual(request)


async def enroll_and_leave(client: EstClient, body: bytes, gate: Gate) -> None:
    """A client that goes while the CA works on its request."""
    task = asyncio.create_task(client.enroll(body, GOOD))
    await gate.reached.wait()
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


def test_an_answer_that_comes_too_late_is_http_write_and_one_orphan_by_id_and_serial(
    running_ra: RunningRa, ca: ScriptedCa, csr_lines: bytes, tmp_path: Path
) -> None:
    async def scenario() -> None:
        async with running_ra() as client:
            gate = Gate(ca, DOWNLOAD)
            await enroll_and_leave(client, csr_lines, gate)
            gate.open.set()
            await counted(client, "estorm_ra_orphans_total", 1)

    uvloop.run(scenario())
    log = (tmp_path / "nginx_error.log").read_text()
    assert "Enrollment failed with rc=10 (EST_ERR_HTTP_WRITE)" in log
    serial = f"{ca.issued[10].serial_number:x}"
    assert f"certificate issued but not delivered, ReqID=10, serial={serial}" in log


def test_with_the_hand_out_the_same_request_gets_the_late_certificate(
    running_ra: RunningRa, ca: ScriptedCa, csr_lines: bytes
) -> None:
    async def scenario() -> None:
        async with running_ra(hand_out_late_certificates=True) as client:
            gate = Gate(ca, DOWNLOAD)
            await enroll_and_leave(client, csr_lines, gate)
            gate.open.set()
            await counted(client, f'{LATE}{{event="kept"}}', 1)
            assert (await client.enroll(csr_lines, GOOD)).status == 200
            found = await counted(client, f'{LATE}{{event="handed_out"}}', 1)
            assert found["estorm_ra_orphans_total"] == 0

    uvloop.run(scenario())
    assert list(ca.issued) == [10]


def test_a_phone_that_asks_again_too_early_waits_for_its_first_certificate(
    running_ra: RunningRa, ca: ScriptedCa, csr_lines: bytes
) -> None:
    async def scenario() -> None:
        async with running_ra(hand_out_late_certificates=True) as client:
            gate = Gate(ca, DOWNLOAD)
            await enroll_and_leave(client, csr_lines, gate)
            again = asyncio.create_task(client.enroll(csr_lines, GOOD))
            gate.open.set()
            assert (await again).status == 200
            await counted(client, f'{LATE}{{event="handed_out"}}', 1)

    uvloop.run(scenario())
    assert list(ca.issued) == [10]


def test_a_certificate_that_could_not_be_downloaded_is_fetched_when_asked_for_again(
    running_ra: RunningRa, ca: ScriptedCa, csr_lines: bytes
) -> None:
    async def scenario() -> None:
        timers = replace(RaTimers(), download_seconds=0.2)
        async with running_ra(hand_out_late_certificates=True, timers=timers) as client:
            Gate(ca, DOWNLOAD)
            assert (await client.enroll(csr_lines, GOOD)).status == 504
            del ca.answers[DOWNLOAD]
            assert (await client.enroll(csr_lines, GOOD)).status == 200

    uvloop.run(scenario())
    assert list(ca.issued) == [10]


def test_a_late_certificate_that_the_ca_has_lost_is_asked_for_anew(
    running_ra: RunningRa, ca: ScriptedCa, csr_lines: bytes
) -> None:
    async def scenario() -> None:
        timers = replace(RaTimers(), download_seconds=0.2)
        async with running_ra(hand_out_late_certificates=True, timers=timers) as client:
            Gate(ca, DOWNLOAD)
            assert (await client.enroll(csr_lines, GOOD)).status == 504
            ca.answers[DOWNLOAD] = lost
            assert (await client.enroll(csr_lines, GOOD)).status == 200
            await counted(client, f'{LATE}{{event="lost"}}', 1)

    async def lost(request: Request) -> Response:
        return Response(200, PAGE, b"<html>") if "ReqID=10&" in request.target else await ca.usual(request)

    uvloop.run(scenario())
    assert list(ca.issued) == [10, 11]


@pytest.mark.parametrize(
    ("ra_seconds", "client_seconds", "status"),
    [(0.3, 0.3, None), (5.0, 0.3, None), (0.3, 5.0, 504), (5.0, 5.0, 200)],
)
def test_a_slow_ca_needs_patience_on_both_sides(
    running_ra: RunningRa,
    ca: ScriptedCa,
    csr_lines: bytes,
    ra_seconds: float,
    client_seconds: float,
    status: int | None,
) -> None:
    async def slow(request: Request) -> Response:
        await asyncio.sleep(0.7)
        return await ca.usual(request)

    async def scenario() -> Reply | None:
        ca.answers[SUBMIT] = slow
        async with running_ra(timers=replace(RaTimers(), submit_seconds=ra_seconds)) as client:
            return await impatient(client.enroll(csr_lines, GOOD), client_seconds)

    reply = uvloop.run(scenario())
    assert (reply.status if reply else None) == status


@contextlib.asynccontextmanager
async def ra_at(mock: MockCa, pki: LabPki, directory: Path, ra: RaSettings) -> AsyncIterator[EstClient]:
    settings = RaPartSettings(
        host="127.0.0.1", ra=ra, est_password=EST_PASSWORD, server_key=pki.ra_server.key_path,
        server_certificate=pki.ra_server.certificate_path, trust_anchor=mock.trust_anchor,
        ca_host=mock.host, ca_port=mock.port, account=AccountSettings(), account_password=PASSWORD,
        log_directory=directory,
    )  # fmt: skip
    async with running(settings) as addresses:
        yield EstClient(addresses["est"], addresses["metrics"], pki)


def test_the_orphan_is_found_in_the_cas_database_by_its_serial(
    pki: LabPki, tmp_path: Path, csr_lines: bytes
) -> None:
    async def scenario(mock: MockCa) -> None:
        async with ra_at(mock, pki, tmp_path, RaSettings()) as client:
            assert await impatient(client.enroll(csr_lines, GOOD), 0.3) is None
            await counted(client, "estorm_ra_orphans_total", 1)

    slow = FaultPlan((Fault("delay", "submit", seconds=0.6),))
    (tmp_path / "ca").mkdir()
    with mock_ca(tmp_path / "ca", CaSettings(faults=slow)) as mock:
        uvloop.run(scenario(mock))
        log = (tmp_path / "nginx_error.log").read_text()
        [line] = [line for line in log.splitlines() if "not delivered" in line]
        serial = line.rpartition("serial=")[2].split()[0]
        [record] = issued(mock.part.database)
        assert int(record.serial, 16) == int(serial, 16)
