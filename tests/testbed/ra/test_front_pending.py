"""Requests the CA has not decided on, against the running RA."""

import asyncio

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from testbed.ra.est.settings import PendingSettings
from testbed.web.messages import Reply, Response
from tests.testbed.ra.conftest import EstClient, RunningRa
from tests.testbed.ra.est_clients import (
    Manager,
    certificates,
    key_and_certificate,
    prove,
    request_lines,
    with_ra,
)
from tests.testbed.ra.est_requests import GOOD, always, metrics
from tests.testbed.ra.scripted_ca import PAGE, ScriptedCa


def test_a_pending_request_is_202_until_it_is_approved_and_handed_in_once(
    running_ra: RunningRa, ca: ScriptedCa, csr_lines: bytes
) -> None:
    manager = Manager(ca)

    async def scenario(client: EstClient) -> list[Reply]:
        waiting = [await client.enroll(csr_lines, GOOD) for _ in range(3)]
        manager.approved = True
        return [*waiting, await client.enroll(csr_lines, GOOD)]

    *waiting, issued = with_ra(
        running_ra, scenario, profile="rfc", pending=PendingSettings(retry_after_seconds=77)
    )
    assert [(reply.status, reply.headers.get("retry-after")) for reply in waiting] == [(202, "77")] * 3
    assert issued.status == 200
    assert certificates(issued.body) == [ca.issued[10]]
    assert manager.submitted == 1


@pytest.mark.parametrize("operation", ["simpleenroll", "serverkeygen"])
def test_clients_that_come_at_once_with_the_same_request_make_one(
    running_ra: RunningRa, ca: ScriptedCa, csr_lines: bytes, operation: str
) -> None:
    manager = Manager(ca)

    async def scenario(client: EstClient) -> Reply:
        first = [client.enroll(csr_lines, GOOD, operation=operation) for _ in range(4)]
        assert {reply.status for reply in await asyncio.gather(*first)} == {202}
        manager.approved = True
        return await client.enroll(csr_lines, GOOD, operation=operation)

    assert with_ra(running_ra, scenario, profile="rfc").status == 200
    assert manager.submitted == 1


def test_once_delivered_the_same_request_is_a_new_one(
    running_ra: RunningRa, ca: ScriptedCa, csr_lines: bytes
) -> None:
    manager = Manager(ca)

    async def scenario(client: EstClient) -> None:
        await client.enroll(csr_lines, GOOD)
        manager.approved = True
        assert (await client.enroll(csr_lines, GOOD)).status == 200
        assert (await client.enroll(csr_lines, GOOD)).status == 202

    with_ra(running_ra, scenario, profile="rfc")
    assert manager.submitted == 2


def test_libests_202_has_neither_length_nor_connection_header(
    running_ra: RunningRa, ca: ScriptedCa, csr_lines: bytes
) -> None:
    Manager(ca)

    async def scenario(client: EstClient) -> Reply:
        return await client.enroll(csr_lines, GOOD)

    reply = with_ra(running_ra, scenario)
    assert (reply.status, reply.headers.pairs, reply.body) == (202, (("Retry-After", "3600"),), b"")


def test_a_request_signed_again_with_another_proof_is_the_same_request(
    running_ra: RunningRa, ca: ScriptedCa, phone_key: ec.EllipticCurvePrivateKey
) -> None:
    manager = Manager(ca)

    async def scenario(client: EstClient) -> list[int]:
        first = await prove(client, phone_key)
        manager.approved = True
        return [first.status, (await prove(client, phone_key)).status]

    assert with_ra(running_ra, scenario, profile="rfc", proof_of_possession="on") == [202, 200]
    assert manager.submitted == 1


def test_another_phones_request_is_not_answered_with_it(
    running_ra: RunningRa, ca: ScriptedCa, csr_lines: bytes
) -> None:
    manager = Manager(ca)
    other_key = ec.generate_private_key(ec.SECP256R1())

    async def scenario(client: EstClient) -> None:
        await client.enroll(csr_lines, GOOD)
        manager.approved = True
        assert (await client.enroll(request_lines(other_key), GOOD)).status == 202
        reply = await client.enroll(request_lines(other_key), GOOD)
        [certificate] = certificates(reply.body)
        assert certificate.public_key() == other_key.public_key()

    with_ra(running_ra, scenario, profile="rfc")


def test_a_denied_request_is_500_and_handed_in_anew_the_next_time(
    running_ra: RunningRa, ca: ScriptedCa, csr_lines: bytes
) -> None:
    manager = Manager(ca)

    async def scenario(client: EstClient) -> list[int]:
        first = await client.enroll(csr_lines, GOOD)
        ca.answers["/certsrv/certnew.cer"] = always(Response(200, PAGE, b"Disposition: 2"))
        denied = await client.enroll(csr_lines, GOOD)
        return [first.status, denied.status, (await client.enroll(csr_lines, GOOD)).status]

    assert with_ra(running_ra, scenario, profile="rfc") == [202, 500, 202]
    assert manager.submitted == 2


def test_a_pending_servers_key_waits_with_its_request(
    running_ra: RunningRa, ca: ScriptedCa, csr_lines: bytes
) -> None:
    manager = Manager(ca)

    async def scenario(client: EstClient) -> Reply:
        assert (await client.enroll(csr_lines, GOOD, operation="serverkeygen")).status == 202
        manager.approved = True
        return await client.enroll(csr_lines, GOOD, operation="serverkeygen")

    reply = with_ra(running_ra, scenario, profile="rfc", server_key="p-256")
    key, certificate = key_and_certificate(reply)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    assert certificate.public_key() == key.public_key()
    assert manager.submitted == 1


def test_more_than_can_be_remembered_are_forgotten_and_counted(running_ra: RunningRa, ca: ScriptedCa) -> None:
    Manager(ca)
    bodies = [request_lines(ec.generate_private_key(ec.SECP256R1())) for _ in range(5)]

    async def scenario(client: EstClient) -> float:
        for body in bodies:
            assert (await client.enroll(body, GOOD)).status == 202
        return (await metrics(client))["estorm_ra_pending_forgotten_total"]

    assert with_ra(running_ra, scenario, profile="rfc", pending=PendingSettings(requests=2)) == 3
