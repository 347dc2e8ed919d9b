import asyncio

import pytest
import uvloop
from msgspec.structs import replace

from testbed.ra.certsrv.settings import RaConnections, RaRetries, RaTimers
from testbed.web.messages import Request, Response
from tests.testbed.ra.conftest import RunningRa
from tests.testbed.ra.est_requests import GOOD, metrics
from tests.testbed.ra.scripted_ca import PAGE, ScriptedCa
from tests.testbed.ra.test_late_answers import Gate

POOL = RaConnections(reuse_connections=True)


def enroll_times(running_ra: RunningRa, body: bytes, times: int, **ra: object) -> dict[str, float]:
    async def scenario() -> dict[str, float]:
        async with running_ra(**ra) as client:
            for _ in range(times):
                assert (await client.enroll(body, GOOD)).status == 200
            return await metrics(client)

    return uvloop.run(scenario())


def test_pooled_connections_log_in_once_and_go_straight_to_their_pages(
    running_ra: RunningRa, ca: ScriptedCa, csr_lines: bytes
) -> None:
    enroll_times(running_ra, csr_lines, 3, connections=POOL)
    pages = [row.request.path.rpartition("/")[2] for row in ca.rows[3:]]
    assert pages == ["certsrv", "certsrv"] + ["certrqxt.asp", "certfnsh.asp", "certnew.cer"] * 3
    assert len({row.connection for row in ca.rows[3:]}) == 1


def test_one_handle_is_one_connection_and_one_login_for_each_enrollment(
    running_ra: RunningRa, ca: ScriptedCa, csr_lines: bytes
) -> None:
    enroll_times(running_ra, csr_lines, 2, connections=RaConnections(handles="one"))
    assert [row.connection for row in ca.rows[3:]] == [2] * 5 + [3] * 5


def test_a_pooled_connection_that_the_ca_has_dropped_is_replaced_unnoticed(
    running_ra: RunningRa, ca: ScriptedCa, csr_lines: bytes
) -> None:
    dropped = False

    async def drop_once(request: Request) -> Response:
        nonlocal dropped
        if not dropped and len(ca.issued) == 1:
            dropped = True
            return Response(200, PAGE, reset=True)
        return await ca.usual(request)

    ca.answers["/certsrv/certrqxt.asp"] = drop_once
    found = enroll_times(running_ra, csr_lines, 2, connections=POOL)
    assert dropped
    assert not any(count for name, count in found.items() if name.startswith("estorm_ra_failures_total"))


def test_a_pool_that_stays_taken_is_curl_28_with_its_own_label(
    running_ra: RunningRa, ca: ScriptedCa, csr_lines: bytes
) -> None:
    async def scenario() -> None:
        pool, timers = replace(POOL, pool_size=1), replace(RaTimers(), connect_seconds=0.3)
        async with running_ra(connections=pool, timers=timers) as client:
            gate = Gate(ca, "/certsrv/certfnsh.asp")
            first = asyncio.create_task(client.enroll(csr_lines, GOOD))
            await gate.reached.wait()
            assert (await client.enroll(csr_lines, GOOD)).status == 401
            found = await metrics(client)
            assert found['estorm_ra_failures_total{cause="pool_exhausted",stage="login"}'] == 1
            assert found["estorm_ra_pool_taken"] == 1
            gate.open.set()
            assert (await first).status == 200
            found = await metrics(client)
            assert found["estorm_ra_pool_taken"] == 0
            assert found["estorm_ra_pool_wait_seconds_count"] == 3
            waited_seconds = found["estorm_ra_pool_wait_seconds_sum"]
            assert 0.29 < waited_seconds < found["estorm_ra_pool_busy_seconds_total"]

    uvloop.run(scenario())


@pytest.mark.parametrize(("stages", "status"), [(("submit",), 200), (("download",), 502)])
def test_a_failed_call_is_made_again_only_in_the_stages_of_the_settings(
    running_ra: RunningRa, ca: ScriptedCa, csr_lines: bytes, stages: tuple[str, ...], status: int
) -> None:
    failures = iter([Response(503, PAGE), Response(500, PAGE)])

    async def fail_twice(request: Request) -> Response:
        return next(failures, None) or await ca.usual(request)

    async def scenario() -> dict[str, float]:
        ca.answers["/certsrv/certfnsh.asp"] = fail_twice
        retries = RaRetries(count=2, stages=stages, spacing_seconds=0.01)  # type: ignore[arg-type]
        async with running_ra(retries=retries) as client:
            assert (await client.enroll(csr_lines, GOOD)).status == status
            return await metrics(client)

    found = uvloop.run(scenario())
    assert found.get('estorm_ra_retries_total{stage="submit"}', 0) == (2 if status == 200 else 0)
