"""Stopping, reloading and looking after the RA."""

import asyncio
import json
import os
import signal
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
import uvloop
from msgspec import convert
from msgspec.structs import replace

from testbed.pki import LabPki
from testbed.ra.capacity_settings import RaWorkers
from testbed.ra.est.settings import EstSettings
from testbed.ra.process import running
from testbed.settings import RaPartSettings
from tests.processes import wait_until
from tests.testbed.ra.conftest import ACCOUNT_PASSWORD, EST_PASSWORD, EstClient, RunningRa
from tests.testbed.ra.est_requests import GOOD, basic, metrics
from tests.testbed.ra.scripted_ca import ScriptedCa
from tests.testbed.ra.test_late_answers import Gate

MakeSettings = Callable[..., RaPartSettings]


@pytest.mark.parametrize("profile", ["libest", "rfc"])
@pytest.mark.parametrize("workers", [RaWorkers(model="async"), RaWorkers(model="blocking", processes=1)])
def test_a_stop_lets_the_enrollment_in_flight_end(
    running_ra: RunningRa, ca: ScriptedCa, csr_lines: bytes, workers: RaWorkers, profile: str
) -> None:
    async def scenario() -> int:
        est = convert({"profile": profile}, EstSettings)
        async with running_ra(drain_seconds=5.0, workers=workers, est=est) as client:
            gate = Gate(ca, "/certsrv/certfnsh.asp")
            enrollment = asyncio.create_task(client.enroll(csr_lines, GOOD))
            await gate.reached.wait()
            asyncio.get_running_loop().call_later(0.1, gate.open.set)
        return (await enrollment).status

    assert uvloop.run(scenario()) == 200


@pytest.mark.parametrize("processes", [1, 2])
def test_sighup_reads_credentials_and_chain_again(
    ca: ScriptedCa, ra_settings: MakeSettings, pki: LabPki, csr_lines: bytes, tmp_path: Path, processes: int
) -> None:
    async def scenario() -> None:
        async with ca.running() as port:
            old = ra_settings(port, workers=RaWorkers(processes=processes))
            new = replace(old, est_password="another")
            async with running(old, lambda: new) as addresses:
                client = EstClient(addresses["est"], addresses["metrics"], pki)
                os.kill(os.getpid(), signal.SIGHUP)
                log = tmp_path / "nginx_error.log"
                assert await asyncio.to_thread(wait_until, lambda: "reconfigured" in log.read_text())
                assert (await client.enroll(csr_lines, GOOD)).status == 401
                assert (await client.enroll(csr_lines, basic("capf", "another"))).status == 200
                found = await metrics(client)
                assert found['estorm_ra_stage_seconds_count{stage="chain"}'] == 2

    uvloop.run(scenario())


@pytest.mark.parametrize("processes", [1, 2])
def test_health_is_on_the_metrics_listener(running_ra: RunningRa, processes: int) -> None:
    async def scenario() -> httpx.Response:
        workers = RaWorkers(processes=processes)
        async with running_ra(workers=workers) as client, httpx.AsyncClient() as asking:
            return await asking.get(f"http://127.0.0.1:{client.metrics_port}/health")

    answer = uvloop.run(scenario())
    found = json.loads(answer.text)
    assert (answer.status_code, found["well"], len(found["workers"])) == (200, True, processes)


def test_no_credential_is_in_any_log(running_ra: RunningRa, csr_lines: bytes, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with running_ra() as client:
            await client.enroll(csr_lines, GOOD)
            await client.enroll(csr_lines, basic("capf", "a wrong one"))

    uvloop.run(scenario())
    said = b"".join(path.read_bytes() for path in tmp_path.iterdir() if path.is_file())
    assert b"simpleenroll" in said
    for secret in (EST_PASSWORD, ACCOUNT_PASSWORD, "a wrong one", GOOD[1], GOOD[1].removeprefix("Basic ")):
        assert secret.encode() not in said
    assert b"NTLM" not in said
