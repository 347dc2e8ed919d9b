import asyncio
import datetime as dt
import shutil
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import psutil
import pytest
import uvloop
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from msgspec import convert

from testbed.errors import SettingsError
from testbed.pki import make_lab_pki
from testbed.ra.capacity_settings import RaNginx
from testbed.ra.est.settings import EstSettings
from testbed.ra.process import running
from testbed.ra.workers.nginx import configuration
from testbed.ra.workers.proxied import CERTIFICATE_HEADER
from testbed.settings import RaPartSettings
from tests.testbed.ra.conftest import RunningRa
from tests.testbed.ra.est_clients import NAME, show_certificate
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


@needs_nginx
@pytest.mark.parametrize("mode", ["certificate", "certificate_or_digest", "certificate_and_basic"])
def test_a_client_certificate_enrolls_and_renews_behind_nginx(
    running_ra: RunningRa, ca: ScriptedCa, csr_lines: bytes, tmp_path: Path, mode: str
) -> None:
    passwords = (GOOD,) if mode == "certificate_and_basic" else ()

    async def scenario() -> list[int]:
        async with running_ra(front="nginx", est=convert({"authentication": mode}, EstSettings)) as client:
            without = (await client.enroll(csr_lines, *passwords)).status
            show_certificate(client, ca, tmp_path)
            operations = ("simpleenroll", "simplereenroll")
            shown = [
                (await client.enroll(csr_lines, *passwords, operation=each)).status for each in operations
            ]
            return [without, *shown]

    assert uvloop.run(scenario()) == [401, 200, 200]


@needs_nginx
def test_a_renewal_behind_nginx_keeps_the_certificates_subject(
    running_ra: RunningRa, ca: ScriptedCa, csr_lines: bytes, tmp_path: Path
) -> None:
    async def scenario(name: str) -> int:
        est = EstSettings(profile="rfc", authentication="certificate_or_basic")
        async with running_ra(front="nginx", est=est) as client:
            subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
            show_certificate(client, ca, tmp_path, name=subject)
            return (await client.enroll(csr_lines, operation="simplereenroll")).status

    assert uvloop.run(scenario("SEP74A02FC0A675")) == 200
    assert uvloop.run(scenario("SEP000000000001")) == 403


@needs_nginx
def test_nginx_takes_certificates_of_the_other_cas_too(
    running_ra: RunningRa, csr_lines: bytes, tmp_path: Path
) -> None:
    maker = make_lab_pki(tmp_path, "MANUFACTURER", "127.0.0.1", dt.datetime.now(dt.UTC))
    trusting = EstSettings(authentication="certificate", client_ca=str(maker.trust_anchor))

    async def scenario(est: EstSettings) -> int:
        async with running_ra(front="nginx", est=est) as client:
            show_certificate(client, ScriptedCa(maker), tmp_path)
            return (await client.enroll(csr_lines)).status

    assert uvloop.run(scenario(trusting)) == 200
    assert uvloop.run(scenario(EstSettings(authentication="certificate"))) == 400


@needs_nginx
def test_no_certificate_passes_that_nginx_has_not_verified(
    running_ra: RunningRa, ca: ScriptedCa, csr_lines: bytes, tmp_path: Path
) -> None:
    async def scenario() -> tuple[int, int]:
        async with running_ra(front="nginx", est=EstSettings(authentication="certificate")) as client:
            header = (CERTIFICATE_HEADER, quote(ca.root.public_bytes(Encoding.PEM)))
            claimed = (await client.enroll(csr_lines, header)).status
            stranger = ec.generate_private_key(ec.SECP256R1())
            ca.root, ca.key = ca.sign(stranger.public_key(), NAME), stranger
            show_certificate(client, ca, tmp_path)
            return claimed, (await client.enroll(csr_lines)).status

    claimed, shown = uvloop.run(scenario())
    assert claimed == 401
    assert shown == 400  # NGINX's answer to a certificate that it cannot verify
    assert len(ca.issued) == 0


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
