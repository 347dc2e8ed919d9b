"""What the RA's workers can do at once: five silent connections, queues, several processes."""

import asyncio
import contextlib
import os
import signal
import socket
from pathlib import Path

import psutil
import pytest
import uvloop
from msgspec import convert

from testbed.ra.capacity_settings import RaWorkers
from testbed.ra.est.settings import EstLimits, EstSettings
from testbed.ra.settings import RaSettings
from testbed.web.client import HttpConnection
from tests.processes import command_line, wait_until
from tests.testbed.ra.conftest import EstClient, RunningRa
from tests.testbed.ra.est_requests import EST, GOOD, metrics
from tests.testbed.ra.scripted_ca import ScriptedCa
from tests.testbed.ra.test_late_answers import Gate, counted, enroll_and_leave

RFC = EstSettings(profile="rfc")


def blocking(processes: int = 1, **more: object) -> RaWorkers:
    return convert({"model": "blocking", "processes": processes, **more}, RaWorkers)


def silent_connections(client: EstClient, number: int, owned: contextlib.ExitStack) -> None:
    for _ in range(number):
        owned.enter_context(socket.create_connection(("127.0.0.1", client.origin.port)))


@pytest.mark.parametrize(
    ("silent", "profile", "workers", "served"),
    [
        (4, "libest", RaWorkers(), True),
        (5, "libest", RaWorkers(), False),
        (5, "rfc", RaWorkers(), True),
        (5, "rfc", RaWorkers(model="blocking"), True),
        (2, "libest", RaWorkers(processes=2), False),
    ],
)
def test_a_silent_connection_for_each_worker_stops_libests_and_not_the_rfcs(
    running_ra: RunningRa, csr_lines: bytes, silent: int, profile: str, workers: RaWorkers, served: bool
) -> None:
    async def scenario() -> bool:
        est = convert({"profile": profile}, EstSettings)
        async with running_ra(workers=workers, est=est) as client:
            with contextlib.ExitStack() as owned:
                silent_connections(client, silent, owned)
                enrollment = asyncio.create_task(client.enroll(csr_lines, GOOD))
                if not served:
                    await counted(client, "estorm_ra_accept_queue", 1)
                    assert not enrollment.done()
                    owned.close()
                return (await enrollment).status == 200

    assert uvloop.run(scenario())


@pytest.mark.parametrize("est", [EstSettings(), RFC])
def test_a_blocking_worker_enrolls_one_after_the_other_and_measures_the_wait(
    running_ra: RunningRa, ca: ScriptedCa, csr_lines: bytes, est: EstSettings
) -> None:
    async def scenario() -> dict[str, float]:
        async with running_ra(workers=blocking(), est=est) as client:
            gate = Gate(ca, "/certsrv/certfnsh.asp")
            first = asyncio.create_task(client.enroll(csr_lines, GOOD))
            await gate.reached.wait()
            second = asyncio.create_task(client.enroll(csr_lines, GOOD))
            found = await counted(client, "estorm_ra_accept_queue", 1)
            assert found["estorm_ra_workers_busy"] == 1
            await asyncio.sleep(0.1)
            assert len(ca.issued) == 0
            gate.open.set()
            assert [(await task).status for task in (first, second)] == [200, 200]
            return await metrics(client)

    found = uvloop.run(scenario())
    assert found["estorm_ra_worker_busy_seconds_total"] > 0.1
    assert found["estorm_ra_accept_wait_seconds_count"] == 2
    assert 0.09 < found["estorm_ra_accept_wait_seconds_sum"] < 5


@pytest.mark.parametrize("est", [EstSettings(), RFC])
def test_a_blocking_worker_is_held_by_an_enrollment_whose_client_has_gone(
    running_ra: RunningRa, ca: ScriptedCa, csr_lines: bytes, est: EstSettings
) -> None:
    async def scenario() -> None:
        async with running_ra(workers=blocking(), est=est) as client:
            gate = Gate(ca, "/certsrv/certfnsh.asp")
            await enroll_and_leave(client, csr_lines, gate)
            second = asyncio.create_task(client.enroll(csr_lines, GOOD))
            await counted(client, "estorm_ra_accept_queue", 1)
            await asyncio.sleep(0.1)
            assert (await metrics(client))["estorm_ra_workers_busy"] == 1
            assert not second.done()
            gate.open.set()
            assert (await second).status == 200

    uvloop.run(scenario())


def test_async_workers_share_the_socket_and_their_metrics_add_up(
    running_ra: RunningRa, ca: ScriptedCa, csr_lines: bytes
) -> None:
    async def scenario() -> None:
        async with running_ra(workers=RaWorkers(model="async", processes=2)) as client:
            replies = await asyncio.gather(*(client.enroll(csr_lines, GOOD) for _ in range(12)))
            assert {reply.status for reply in replies} == {200}
            found = await metrics(client)
            assert found['estorm_ra_requests_total{operation="simpleenroll",status="200"}'] == 12
            assert found['estorm_ra_stage_seconds_count{stage="chain"}'] == 1
            assert found["estorm_ra_in_flight"] == 0

    uvloop.run(scenario())
    assert len(ca.issued) == 12


def worker_pids() -> set[int]:
    return {
        process.pid
        for process in psutil.Process().children(recursive=True)
        if "testbed.ra.workers.worker" in " ".join(command_line(process))
    }


def test_a_worker_that_dies_is_replaced_counts_go_on_and_none_stays(
    running_ra: RunningRa, csr_lines: bytes, tmp_path: Path
) -> None:
    async def scenario() -> None:
        async with running_ra(workers=RaWorkers(processes=2)) as client:
            assert (await client.enroll(csr_lines, GOOD)).status == 200
            before = worker_pids()
            os.kill(min(before), signal.SIGKILL)
            assert await asyncio.to_thread(wait_until, lambda: len(worker_pids() - before) == 1)
            assert (await client.enroll(csr_lines, GOOD)).status == 200
            name = 'estorm_ra_requests_total{operation="simpleenroll",status="200"}'
            assert (await metrics(client))[name] == 2

    uvloop.run(scenario())
    assert worker_pids() == set()
    assert "exited on signal 9" in (tmp_path / "nginx_error.log").read_text()


@pytest.mark.parametrize("profile", ["libest", "rfc"])
def test_five_workers_serve_five_clients_at_once_and_the_sixth_waits(
    running_ra: RunningRa, ca: ScriptedCa, csr_lines: bytes, profile: str
) -> None:
    async def scenario() -> list[int]:
        async with running_ra(
            workers=RaWorkers(model="blocking"), est=convert({"profile": profile}, EstSettings)
        ) as client:
            gate = Gate(ca, "/certsrv/certfnsh.asp")
            enrollments = [asyncio.create_task(client.enroll(csr_lines, GOOD)) for _ in range(6)]
            found = await counted(client, "estorm_ra_workers_busy", 5)
            while found["estorm_ra_accept_queue"] + found.get("estorm_ra_waiting", 0) != 1:
                found = await metrics(client)
            assert len(ca.issued) == 0
            gate.open.set()
            return [(await enrollment).status for enrollment in enrollments]

    assert uvloop.run(scenario()) == [200] * 6


@pytest.mark.parametrize(("profile", "model"), [("libest", "blocking"), ("rfc", "async")])
def test_the_profile_decides_on_the_model_unless_one_is_named(profile: str, model: str) -> None:
    est = convert({"profile": profile}, EstSettings)
    assert RaSettings(est=est).workers.model == model
    assert RaSettings(est=est, workers=RaWorkers(model="async")).workers.model == "async"


def test_a_polite_client_that_keeps_its_connection_holds_libests_worker_until_its_time_is_up(
    running_ra: RunningRa, csr_lines: bytes
) -> None:
    async def scenario() -> dict[str, float]:
        est = EstSettings(limits=EstLimits(request_seconds=0.4))
        async with running_ra(workers=blocking(), est=est) as client:
            polite = HttpConnection(client.origin, client.context)
            await polite.open()
            assert (await polite.send("GET", EST + "csrattrs", (("Host", "ra"),))).status == 204
            assert (await client.enroll(csr_lines, GOOD)).status == 200
            polite.close()
            return await metrics(client)

    assert 0.3 < uvloop.run(scenario())["estorm_ra_accept_wait_seconds_sum"] < 5


def test_the_accept_queue_holds_what_the_settings_say(running_ra: RunningRa) -> None:
    async def scenario() -> dict[str, float]:
        async with running_ra(workers=blocking(accept_queue=7)) as client:
            return await metrics(client)

    assert uvloop.run(scenario())["estorm_ra_accept_queue_size"] == 7
