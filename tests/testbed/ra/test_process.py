import contextlib
import datetime as dt
from collections.abc import Callable
from pathlib import Path

import pytest
import uvloop
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from msgspec.structs import replace

from testbed.errors import PartFailed, PkiError, SettingsError
from testbed.pki import LabPki, make_root, server_context
from testbed.ra.process import running
from testbed.settings import RaPartSettings, RaTimers
from testbed.web.messages import Request, Response
from tests.testbed.ra.est_requests import silent
from tests.testbed.ra.guide import excerpt, generals
from tests.testbed.ra.scripted_ca import PAGE, ScriptedCa
from tests.testbed.raw_server import raw_server, stay

MakeSettings = Callable[..., RaPartSettings]
SOON = RaTimers(login_seconds=0.2, download_seconds=0.2)


@pytest.fixture
def other_root(tmp_path: Path) -> Path:
    """The certificate of a CA that has signed nothing here."""
    root = make_root(ec.generate_private_key(ec.SECP256R1()), "OTHER", dt.datetime.now(dt.UTC))
    path = tmp_path / "other.pem"
    path.write_bytes(root.public_bytes(Encoding.PEM))
    return path


def start(settings: RaPartSettings) -> None:
    async def scenario() -> None:
        async with running(settings):
            pass

    uvloop.run(scenario())


def start_with(ca: ScriptedCa, make: Callable[[int], RaPartSettings]) -> None:
    async def scenario() -> None:
        async with ca.running() as port, running(make(port)):
            pass

    uvloop.run(scenario())


def log_lines(directory: Path, name: str = "nginx_error.log") -> list[str]:
    return (directory / name).read_text().splitlines()


def test_the_ra_gives_its_addresses_and_reads_the_chain_once(
    ca: ScriptedCa, ra_settings: MakeSettings
) -> None:
    async def scenario() -> None:
        async with ca.running() as port, running(ra_settings(port)) as addresses:
            assert addresses["est"].startswith("https://127.0.0.1:")
            assert addresses["est"].endswith("/.well-known/est")
            assert addresses["metrics"].startswith("http://127.0.0.1:")
        assert ca.lines() == [
            ("GET", "/certsrv", 401),
            ("GET", "/certsrv", 301),
            ("GET", "/certsrv/certnew.p7b?ReqID=CACert&Renewal=0&Enc=bin", 200),
        ]

    uvloop.run(scenario())


def test_the_start_up_logs_are_the_guides(ca: ScriptedCa, ra_settings: MakeSettings, tmp_path: Path) -> None:
    start_with(ca, ra_settings)

    guide = excerpt("nginx: [warn] CA Chain requested", "libest 2.2.0")
    assert generals(log_lines(tmp_path, "ciscora.log")) == generals(guide)
    login = excerpt("2019/03/05 12:31:21 [info]", "login_to_certsrv_ca")
    retrieved = excerpt("2019/03/05 12:31:21 [info]", "retrieve_cacerts")
    retrieved = [line.removesuffix(" […]") for line in retrieved]
    assert generals(log_lines(tmp_path)) == generals([*login, *retrieved])


def test_a_ca_that_is_silent_at_login_fails_the_start_with_the_guides_lines(
    pki: LabPki, ra_settings: MakeSettings, tmp_path: Path
) -> None:
    with raw_server(stay, server_context(pki.ca_server)) as port:
        settings = ra_settings(port, timers=SOON)
        url = f"https://127.0.0.1:{port}/certsrv"
        with pytest.raises(PartFailed, match=rf"curl 28 \(Operation timed out after .*\) at {url}; "):
            start(settings)

    guide = excerpt("nginx: [warn] login_to_certsrv_ca", "return code 28")
    assert generals(log_lines(tmp_path)) == generals(guide)
    assert generals(log_lines(tmp_path, "ciscora.log"))[-4:] == generals(guide)


def test_a_ca_that_is_silent_after_login_fails_the_start_with_the_guides_lines(
    ca: ScriptedCa, ra_settings: MakeSettings, tmp_path: Path
) -> None:
    ca.answers["/certsrv/certnew.p7b"] = silent
    with pytest.raises(PartFailed, match=r"curl 28 .* at https://.*/certnew\.p7b\?ReqID=CACert"):
        start_with(ca, lambda port: ra_settings(port, timers=SOON))

    guide = excerpt("nginx: [warn] retrieve_cacerts", "return code 28")
    assert generals(log_lines(tmp_path)) == generals(guide)


def test_a_ca_too_slow_for_the_start_is_told_with_the_timers_and_what_to_do(
    ca: ScriptedCa, ra_settings: MakeSettings
) -> None:
    ca.answers["/certsrv"] = silent
    wanted = (
        r"curl 28 .*; without it no RA can serve\. Let \[ra\.timers\] wait longer \(connect .* login .* s,"
    )
    with pytest.raises(PartFailed, match=wanted):
        start_with(ca, lambda port: ra_settings(port, timers=SOON))


def test_a_ca_that_refuses_is_not_told_to_hurry(ca: ScriptedCa, ra_settings: MakeSettings) -> None:
    with pytest.raises(PartFailed, match=r"curl 51 .* at https://\S+$"):
        start_with(ca, lambda port: ra_settings(port, "lab-dc.michamen.com"))


def test_a_ca_of_another_name_fails_the_start_with_the_guides_lines(
    ca: ScriptedCa, ra_settings: MakeSettings, tmp_path: Path
) -> None:
    with pytest.raises(PartFailed, match="curl 51 "):
        start_with(ca, lambda port: ra_settings(port, "lab-dc.michamen.com"))

    lines = generals(log_lines(tmp_path))
    guide = generals(excerpt("nginx: [warn] login_to_certsrv_ca", "return code 51"))
    assert lines[1:3] == guide[1:3]  # the name on the certificate is the test's, and the guide cuts the last


def test_an_untrusted_ca_fails_the_start_with_the_guides_lines(
    ca: ScriptedCa, ra_settings: MakeSettings, tmp_path: Path, other_root: Path
) -> None:
    def distrusting(port: int) -> RaPartSettings:
        return replace(ra_settings(port), trust_anchor=other_root)

    with pytest.raises(PartFailed, match=r"curl 60 \(SSL certificate problem: unable to get local issuer"):
        start_with(ca, distrusting)

    guide = excerpt("nginx: [warn] login_to_certsrv_ca", "unable to get local issuer certificate")
    assert generals(log_lines(tmp_path)) == generals(guide)


def test_a_ca_whose_name_does_not_resolve_fails_the_start(ra_settings: MakeSettings, tmp_path: Path) -> None:
    settings = replace(ra_settings(443, "lab-dcc.invalid"), ca_address=None)
    with pytest.raises(PartFailed, match=r"curl 6 \(Could not resolve: lab-dcc.invalid \("):
        start(settings)
    guide = excerpt("nginx: [warn] CA Chain requested", "return code 6")
    assert generals(log_lines(tmp_path))[1:] == generals(guide)[3:]


def test_a_wrong_password_fails_the_start_and_names_the_status(
    ca: ScriptedCa, ra_settings: MakeSettings
) -> None:
    async def refuse(_: Request) -> Response:
        return Response(401, PAGE)

    ca.answers["/certsrv"] = refuse
    with pytest.raises(PartFailed, match="MS CA login failed with HTTP status 401 at https://"):
        start_with(ca, ra_settings)


@pytest.mark.parametrize("body", [b"", b"<html>Error</html>", b"\x30\x80garbage"])
def test_a_chain_that_is_none_fails_the_start(ca: ScriptedCa, ra_settings: MakeSettings, body: bytes) -> None:
    async def garbage(_: Request) -> Response:
        return Response(200, PAGE, body)

    ca.answers["/certsrv/certnew.p7b"] = garbage
    with pytest.raises(PartFailed, match="cannot read the CA's chain: no certificate in"):
        start_with(ca, ra_settings)


def test_a_taken_port_names_the_setting(ca: ScriptedCa, ra_settings: MakeSettings) -> None:
    async def scenario() -> None:
        async with ca.running() as port, running(ra_settings(port)) as addresses:
            taken = int(addresses["est"].split(":")[2].split("/")[0])
            with pytest.raises(SettingsError, match=rf"127\.0\.0\.1:{taken}: .* in use; set ra\.port "):
                await contextlib.AsyncExitStack().enter_async_context(running(ra_settings(port, port=taken)))

    uvloop.run(scenario())


def test_a_host_that_is_not_ours_is_one_clear_error(ca: ScriptedCa, ra_settings: MakeSettings) -> None:
    with pytest.raises(SettingsError, match=r"the RA cannot listen on 192\.0\.2\.1:0: "):
        start_with(ca, lambda port: replace(ra_settings(port), host="192.0.2.1"))


def test_a_trust_anchor_that_cannot_be_read_is_named(ra_settings: MakeSettings, tmp_path: Path) -> None:
    missing = tmp_path / "missing.pem"
    with pytest.raises(PkiError, match=f"cannot read trust anchors from {missing}"):
        start(replace(ra_settings(1), trust_anchor=missing))
