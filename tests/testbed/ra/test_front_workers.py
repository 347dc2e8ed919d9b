"""What worker processes must know of each other: nonces used, requests that wait."""

import asyncio
import base64

import pytest
import uvloop
from cryptography.hazmat.primitives.serialization import pkcs7

from testbed.ra.est.settings import EstSettings
from testbed.ra.settings import RaWorkers
from tests.testbed.ra.conftest import RunningRa
from tests.testbed.ra.est_clients import Manager, digest_answer
from tests.testbed.ra.est_requests import EST, GOOD
from tests.testbed.ra.scripted_ca import ScriptedCa

WORKERS = RaWorkers(processes=3)
CONNECTIONS = 12


@pytest.mark.parametrize("answers", [1, CONNECTIONS])
def test_a_digest_answer_is_good_once_whichever_worker_gets_it(
    running_ra: RunningRa, csr_lines: bytes, answers: int
) -> None:
    async def scenario() -> list[int]:
        async with running_ra(workers=WORKERS, est=EstSettings(authentication="digest")) as client:
            challenge = (await client.enroll(csr_lines)).headers.get("www-authenticate") or ""
            counts = [f"{1 + number % answers:08x}" for number in range(CONNECTIONS)]
            headers = [digest_answer(challenge, EST + "simpleenroll", count=count) for count in counts]
            return [(await client.enroll(csr_lines, header)).status for header in headers]

    statuses = uvloop.run(scenario())
    assert statuses == [200] * answers + [401] * (CONNECTIONS - answers)


def test_a_pending_request_is_one_for_every_worker_even_when_all_get_it_at_once(
    running_ra: RunningRa, ca: ScriptedCa, csr_lines: bytes
) -> None:
    manager = Manager(ca)

    async def scenario() -> bytes:
        async with running_ra(workers=WORKERS, est=EstSettings(profile="rfc")) as client:
            first = [client.enroll(csr_lines, GOOD) for _ in range(CONNECTIONS)]
            assert {reply.status for reply in await asyncio.gather(*first)} == {202}
            manager.approved = True
            return (await client.enroll(csr_lines, GOOD)).body

    body = uvloop.run(scenario())
    assert pkcs7.load_der_pkcs7_certificates(base64.b64decode(body)) == [ca.issued[10]]
    assert manager.submitted == 1
