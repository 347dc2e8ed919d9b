"""SIGHUP gives the RA another TLS identity, other versions and ciphers, in every model and front."""

import asyncio
import datetime as dt
import os
import signal
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import uvloop
from msgspec.structs import replace

from testbed.pki import Identity, LabPki, make_lab_pki
from testbed.ra.capacity_settings import RaWorkers
from testbed.ra.process import running
from testbed.server_tls import ServerTls
from testbed.settings import RaPartSettings
from tests.testbed.ra.conftest import EstClient
from tests.testbed.ra.est_requests import GOOD
from tests.testbed.ra.scripted_ca import ScriptedCa
from tests.testbed.ra.workers.test_nginx import needs_nginx

pytestmark = pytest.mark.long

MakeSettings = Callable[..., RaPartSettings]
WAYS = [
    pytest.param({"workers": RaWorkers(model="async")}, id="one worker"),
    pytest.param({"workers": RaWorkers(model="async", processes=2)}, id="two workers"),
    pytest.param({"workers": RaWorkers(model="blocking", processes=2)}, id="two blocking workers"),
    pytest.param({"front": "nginx"}, id="nginx", marks=needs_nginx),
]


@dataclass
class Reloaded:
    """An RA in this process that can be given other settings."""

    settings: RaPartSettings
    outcomes: asyncio.Queue[str | None] = field(default_factory=asyncio.Queue)
    client: EstClient = field(init=False)

    async def reload(self, **changes: object) -> str | None:
        """Go on with these changes; why not, or None."""
        self.settings = replace(self.settings, **changes)
        os.kill(os.getpid(), signal.SIGHUP)
        return await asyncio.wait_for(self.outcomes.get(), 20)

    async def present(self, identity: Identity) -> str | None:
        """Go on with this identity; why not, or None."""
        return await self.reload(server_key=identity.key_path, server_certificate=identity.certificate_path)

    async def shown(self) -> str:
        """The certificate that the next client sees, in PEM."""
        return await asyncio.to_thread(ssl.get_server_certificate, ("127.0.0.1", self.client.origin.port))


@asynccontextmanager
async def reloadable(settings: RaPartSettings, pki: LabPki) -> AsyncIterator[Reloaded]:
    ra = Reloaded(settings)
    async with running(settings, lambda: ra.settings, ra.outcomes.put_nowait) as addresses:
        ra.client = EstClient(addresses["est"], addresses["metrics"], pki)
        yield ra


Served = Callable[..., AbstractAsyncContextManager[tuple[Reloaded, bytes]]]


@pytest.fixture
def served(ca: ScriptedCa, ra_settings: MakeSettings, pki: LabPki, csr_lines: bytes) -> Served:
    """The RA in front of the scripted CA, with a request to enroll; keywords are settings of the RA."""

    @asynccontextmanager
    async def run(**ra: object) -> AsyncIterator[tuple[Reloaded, bytes]]:
        async with ca.running() as port, reloadable(ra_settings(port, **ra), pki) as reloaded:
            yield reloaded, csr_lines

    return run


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> LabPki:
    return make_lab_pki(tmp_path_factory.mktemp("other"), "OTHER", "127.0.0.1", dt.datetime.now(dt.UTC))


@pytest.mark.parametrize("way", WAYS)
def test_clients_see_the_new_certificate_as_soon_as_the_reload_is_told_and_the_old_one_after_the_next(
    served: Served, pki: LabPki, other: LabPki, way: dict[str, object]
) -> None:
    async def scenario() -> None:
        async with served(**way) as (ra, csr_lines):
            old = await ra.shown()
            assert await ra.present(other.ra_server) is None
            assert {await ra.shown() for _ in range(6)} == {other.ra_server.certificate_path.read_text()}
            with pytest.raises(ssl.SSLCertVerificationError):
                await ra.client.enroll(csr_lines, GOOD)
            assert await ra.present(pki.ra_server) is None
            assert await ra.shown() == old
            assert (await ra.client.enroll(csr_lines, GOOD)).status == 200

    uvloop.run(scenario())


@pytest.mark.parametrize("way", WAYS)
def test_a_certificate_that_cannot_be_used_changes_nothing(
    served: Served, pki: LabPki, tmp_path: Path, way: dict[str, object]
) -> None:
    async def scenario() -> None:
        async with served(**way) as (ra, csr_lines):
            problem = await ra.reload(server_certificate=pki.ca_server.certificate_path)
            assert problem
            assert problem.startswith("cannot use the certificate")
            assert (await ra.client.enroll(csr_lines, GOOD)).status == 200

    uvloop.run(scenario())
    assert "not reconfigured: cannot use the certificate" in (tmp_path / "nginx_error.log").read_text()


@needs_nginx
@pytest.mark.parametrize(
    ("terms", "reason"),
    [
        (ServerTls(minimum="1.1", maximum="1.1", ciphers="DEFAULT:@SECLEVEL=0"), "PROTOCOL_VERSION"),
        (ServerTls(maximum="1.2", ciphers="eNULL:@SECLEVEL=0"), "HANDSHAKE_FAILURE"),
    ],
)
def test_versions_and_ciphers_that_no_client_has_are_refused_in_tls(
    served: Served, terms: ServerTls, reason: str
) -> None:
    # The embedded front's event loop drops the connection before the alert is out.
    fronts: dict[str, type[OSError]] = {"embedded": ConnectionResetError, "nginx": ssl.SSLError}

    async def scenario(front: str) -> str:
        async with served(front=front) as (ra, csr_lines):
            assert await ra.reload(tls=terms) is None
            with pytest.raises(fronts[front]) as refused:
                await ra.client.enroll(csr_lines, GOOD)
            assert await ra.reload(tls=ServerTls()) is None
            assert (await ra.client.enroll(csr_lines, GOOD)).status == 200
            return str(refused.value)

    uvloop.run(scenario("embedded"))
    assert reason in uvloop.run(scenario("nginx"))


def test_a_ca_that_cannot_be_asked_now_keeps_no_identity_from_being_changed(
    served: Served, ca: ScriptedCa, pki: LabPki, other: LabPki
) -> None:
    async def scenario() -> None:
        async with served() as (ra, csr_lines):
            ca.present(other.ca_server)
            assert await ra.present(other.ra_server) is None
            assert await ra.shown() == other.ra_server.certificate_path.read_text()
            ca.present(pki.ca_server)
            assert await ra.present(pki.ra_server) is None
            assert (await ra.client.enroll(csr_lines, GOOD)).status == 200

    uvloop.run(scenario())


def test_another_ca_that_cannot_be_asked_changes_nothing(served: Served) -> None:
    async def scenario() -> None:
        async with served() as (ra, csr_lines):
            problem = await ra.reload(ca_port=1)
            assert problem
            assert "cannot read the CA's chain: curl 7" in problem
            assert (await ra.client.enroll(csr_lines, GOOD)).status == 200

    uvloop.run(scenario())
