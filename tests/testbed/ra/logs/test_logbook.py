import asyncio
import resource
import signal
from pathlib import Path

import uvloop

from testbed.settings import RaTimers
from testbed.web.messages import Request, Response
from tests.testbed.ra.conftest import RunningRa
from tests.testbed.ra.est_requests import EST, GOOD, enroll, metrics, silent
from tests.testbed.ra.guide import excerpt, generals
from tests.testbed.ra.scripted_ca import ScriptedCa


def log_lines(directory: Path) -> list[str]:
    """The error log without the start-up's three lines."""
    return (directory / "nginx_error.log").read_text().splitlines()[3:]


def test_a_mistyped_template_leaves_the_guides_lines(
    running_ra: RunningRa, csr_lines: bytes, ca: ScriptedCa, tmp_path: Path
) -> None:
    ca.template = "Other"
    assert enroll(running_ra, csr_lines, GOOD).status == 401

    guide = excerpt("***EST [INFO][est_enroll_auth:356]", "EST_ERR_AUTH_FAIL")
    assert generals(log_lines(tmp_path)) == generals(guide)


def test_a_good_enrollment_begins_with_the_guides_lines_and_ends_with_the_access_line(
    running_ra: RunningRa, csr_lines: bytes, tmp_path: Path
) -> None:
    enroll(running_ra, csr_lines, GOOD)

    guide = generals(excerpt("***EST [INFO][est_enroll_auth:356]", "EST_ERR_AUTH_FAIL"))
    navigated = next(n for n, line in enumerate(guide) if "navigate_to_certsrv_page" in line)
    lines = generals(log_lines(tmp_path))
    assert lines[: navigated + 1] == guide[: navigated + 1]
    assert sum("retrieve_cert_from_certsrv: Secure connection" in line for line in lines) == 1
    assert lines[-3].endswith('"POST /.well-known/est/simpleenroll HTTP/1.1" -1 0')
    assert lines[-1].endswith('--> "Cisco EST client 1.0"')


def test_a_silent_ca_leaves_curls_28_and_the_url(
    running_ra: RunningRa, csr_lines: bytes, ca: ScriptedCa, tmp_path: Path
) -> None:
    async def scenario() -> None:
        async with running_ra(timers=RaTimers(login_seconds=0.2)) as client:
            ca.answers["/certsrv"] = silent
            assert (await client.enroll(csr_lines, GOOD)).status == 401
            counted = await metrics(client)
            assert counted['estorm_ra_failures_total{cause="curl_28",stage="login"}'] == 1

    uvloop.run(scenario())
    text = "\n".join(log_lines(tmp_path))
    assert (
        "login_to_certsrv_ca: Curl call for MS CA login failed with return code 28 (Operation timed" in text
    )
    assert "login_to_certsrv_ca: URL used: https://127.0.0.1:" in text
    assert "rc=22 (EST_ERR_AUTH_FAIL)" in text


def test_a_client_that_left_is_an_http_write_error_and_an_orphan(
    running_ra: RunningRa, csr_lines: bytes, ca: ScriptedCa, tmp_path: Path
) -> None:
    async def scenario() -> None:
        reached, gone = asyncio.Event(), asyncio.Event()

        async def late(request: Request) -> Response:
            reached.set()
            await gone.wait()
            return await ca.usual(request)

        ca.answers["/certsrv/certnew.cer"] = late
        async with running_ra() as client:
            leaving = asyncio.ensure_future(client.enroll(csr_lines, GOOD))
            await reached.wait()
            leaving.cancel()
            await asyncio.gather(leaving, return_exceptions=True)
            assert (await metrics(client))["estorm_ra_in_flight"] == 1
            await client.send("GET", EST + "cacerts")  # by now the RA has read the close
            gone.set()
            counted = await metrics(client)
            async with asyncio.timeout(5):
                while counted["estorm_ra_in_flight"]:
                    counted = await metrics(client)
            assert counted["estorm_ra_orphans_total"] == 1
            assert counted['estorm_ra_requests_total{operation="simpleenroll",status="499"}'] == 1

    uvloop.run(scenario())
    serial = f"{ca.issued[10].serial_number:x}"
    lines = log_lines(tmp_path)
    text = "\n".join(lines)
    assert f"certificate issued but not delivered, ReqID=10, serial={serial}" in text
    assert "HTTP write error while propagating pkcs7" in text
    assert "Enrollment failed with rc=10 (EST_ERR_HTTP_WRITE)" in text
    assert any(line.endswith('"POST /.well-known/est/simpleenroll HTTP/1.1" 500 0') for line in lines)


def test_a_full_disk_costs_log_lines_not_enrollments(running_ra: RunningRa, csr_lines: bytes) -> None:
    async def scenario() -> None:
        async with running_ra() as client:
            before = resource.getrlimit(resource.RLIMIT_FSIZE)
            handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
            try:
                assert (await client.enroll(csr_lines, GOOD)).status == 200
            finally:
                resource.setrlimit(resource.RLIMIT_FSIZE, before)
                signal.signal(signal.SIGXFSZ, handler)
            assert (await metrics(client))["estorm_ra_log_lines_lost"] > 10

    uvloop.run(scenario())


def test_no_log_holds_a_credential(running_ra: RunningRa, csr_lines: bytes, tmp_path: Path) -> None:
    secret = "Y2FwZjpodW50ZXIy"

    async def scenario() -> None:
        async with running_ra() as client:
            await client.enroll(csr_lines, ("Authorization", f"Basic {secret}"))

    uvloop.run(scenario())
    written = "".join(path.read_text() for path in tmp_path.glob("*.log"))
    for word in (secret, "hunter2", "correct horse", "battery staple", "Authorization", "NTLM"):
        assert word not in written
