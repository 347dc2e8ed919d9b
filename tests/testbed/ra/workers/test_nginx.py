import asyncio
import shutil
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
import uvloop

from testbed.errors import SettingsError
from testbed.ra.capacity_settings import RaNginx
from testbed.ra.process import running
from testbed.ra.workers.nginx import configuration
from testbed.settings import RaPartSettings
from tests.testbed.ra.conftest import RunningRa
from tests.testbed.ra.est_requests import GOOD
from tests.testbed.ra.scripted_ca import ScriptedCa
from tests.testbed.ra.test_late_answers import Gate, counted, enroll_and_leave

MakeSettings = Callable[..., RaPartSettings]
needs_nginx = pytest.mark.skipif(
    not (shutil.which("nginx") or Path("/usr/sbin/nginx").exists()), reason="there is no nginx here"
)


@needs_nginx
def test_an_enrollment_through_nginx_is_logged_by_both_with_the_clients_address(
    running_ra: RunningRa, csr_lines: bytes, tmp_path: Path
) -> None:
    async def scenario() -> int:
        async with running_ra(front="nginx") as client:
            assert (await client.enroll(csr_lines, GOOD)).status == 200
            assert (await client.enroll(csr_lines)).status == 401
            return client.origin.port

    port = uvloop.run(scenario())
    access = (tmp_path / "front_access.log").read_text().splitlines()
    assert ['" 200 ' in access[0], '" 401 ' in access[1]] == [True, True]
    assert f"client: 127.0.0.1, server: 127.0.0.1:{port}" in (tmp_path / "nginx_error.log").read_text()
    assert "start worker process" in (tmp_path / "front_error.log").read_text()


@needs_nginx
def test_a_client_that_leaves_nginx_is_an_orphan_all_the_same(
    running_ra: RunningRa, ca: ScriptedCa, csr_lines: bytes
) -> None:
    async def scenario() -> None:
        async with running_ra(front="nginx") as client:
            gate = Gate(ca, "/certsrv/certnew.cer")
            await enroll_and_leave(client, csr_lines, gate)
            await asyncio.sleep(0.1)  # NGINX tells the RA by closing, which nothing here can see
            gate.open.set()
            await counted(client, "estorm_ra_orphans_total", 1)

    uvloop.run(scenario())


@needs_nginx
def test_nginx_has_the_workers_of_the_settings_and_goes_with_the_ra(running_ra: RunningRa) -> None:
    found: list[psutil.Process] = []

    async def scenario() -> None:
        async with running_ra(front="nginx", nginx=RaNginx(worker_processes=2)):
            children = psutil.Process().children(recursive=True)
            found.extend(process for process in children if "nginx" in process.name())

    uvloop.run(scenario())
    assert len(found) == 3
    assert not any(process.is_running() for process in found)


def test_the_scenario_decides_keepalive_and_session_cache(ra_settings: MakeSettings, tmp_path: Path) -> None:
    front = RaNginx(
        keepalive_timeout_seconds=1.5, keepalive_requests=7, ssl_session_cache_bytes=4096, worker_processes=3
    )
    text = configuration(ra_settings(443, nginx=front), tmp_path, "127.0.0.1:1", "127.0.0.1:2")
    for line in ("keepalive_timeout 1500ms;", "keepalive_requests 7;", "ssl_session_cache shared:est:4096;"):
        assert line in text
    assert "worker_processes 3;" in text


def test_a_machine_without_nginx_says_so_in_one_line(ca: ScriptedCa, ra_settings: MakeSettings) -> None:
    async def scenario() -> None:
        missing = RaNginx(program="no-such-nginx")
        async with ca.running() as port, running(ra_settings(port, front="nginx", nginx=missing)):
            pass

    with pytest.raises(SettingsError, match=r'^ra\.front = "nginx": there is no no-such-nginx on this mach'):
        uvloop.run(scenario())
