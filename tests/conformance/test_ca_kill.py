"""SIGKILL a hundred times under load: what a client holds, the database holds."""

import asyncio
import base64
import contextlib
import multiprocessing
import os
import random
import re
import signal
import sqlite3
from collections.abc import Mapping
from multiprocessing.connection import Connection
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import pytest
from cryptography import x509

from testbed.ca import database
from testbed.ca.process import running
from testbed.ca.settings import CaSettings
from testbed.pki import client_context
from testbed.settings import CaPartSettings
from testbed.web.client import HttpConnection, Origin
from tests.mock_ca import PASSWORD, enroll_form, part_settings

pytestmark = pytest.mark.long

# A hundred in all, in rounds that each end in time on a busy machine too.
ROUNDS = 10
KILLS = 10
CLIENTS = 4
ID = re.compile(rb"certnew\.cer\?ReqID=(\d+)&")


class Received:
    """What the clients of one CA hold: request ids and serial numbers."""

    def __init__(self, patience: int) -> None:
        self.certificates: list[tuple[int, str]] = []
        self.enough = asyncio.Event()
        self._patience = patience

    def note(self, request_id: int, serial: str) -> None:
        self.certificates.append((request_id, serial))
        if len(self.certificates) == self._patience:
            self.enough.set()


def serve(part: CaPartSettings, ready: Connection) -> None:
    """A CA's process: says where it answers, then serves until it is killed."""

    async def forever() -> None:
        async with running(part) as addresses:
            ready.send(dict(addresses))
            await asyncio.Event().wait()

    asyncio.run(forever())


async def enroll_until_it_dies(addresses: Mapping[str, str], trust_anchor: Path, received: Received) -> None:
    """Enroll over and over on one connection, noting every certificate that came back whole."""
    url = urlsplit(addresses["certsrv"])
    assert url.hostname
    assert url.port
    connection = HttpConnection(Origin(url.hostname, url.port), client_context(trust_anchor))
    token = base64.b64encode(rf"ESTORM\ciscora:{PASSWORD}".encode()).decode()
    body = urlencode(enroll_form()).encode()
    common = (("Host", connection.origin.authority), ("Authorization", f"Basic {token}"))
    post = (*common, ("Content-Length", str(len(body))))
    try:
        await connection.open()
        while True:
            page = await connection.send("POST", "/certsrv/certfnsh.asp", post, body)
            found = ID.search(page.body)
            assert found
            request_id = int(found[1])
            answer = await connection.send("GET", f"/certsrv/certnew.cer?ReqID={request_id}", common)
            certificate = x509.load_pem_x509_certificate(answer.body)
            received.note(request_id, format(certificate.serial_number, "x"))
    finally:
        connection.close()


async def load_until_killed(
    pid: int, addresses: Mapping[str, str], trust_anchor: Path, patience: int
) -> list[tuple[int, str]]:
    """Kill the CA once its clients hold `patience` certificates; what they hold in the end."""
    received = Received(patience)
    clients = [
        asyncio.create_task(enroll_until_it_dies(addresses, trust_anchor, received)) for _ in range(CLIENTS)
    ]
    await asyncio.wait_for(received.enough.wait(), 30)
    os.kill(pid, signal.SIGKILL)
    outcomes = await asyncio.gather(*clients, return_exceptions=True)
    assert all(isinstance(outcome, OSError) for outcome in outcomes), outcomes
    return received.certificates


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the CA's processes are forked from a warm one")
@pytest.mark.parametrize("number", range(ROUNDS))
def test_a_certificate_that_a_client_holds_is_in_the_database_after_any_kill(
    number: int, tmp_path: Path
) -> None:
    part = part_settings(tmp_path, CaSettings())
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["__main__", "testbed.ca.process", __name__])
    chance = random.Random(number)
    held: list[tuple[int, str]] = []
    for _ in range(KILLS):
        ours, theirs = context.Pipe(duplex=False)
        process = context.Process(target=serve, args=(part, theirs))
        process.start()
        theirs.close()
        with ours, contextlib.closing(process):
            try:
                addresses = ours.recv()
                assert process.pid
                held += asyncio.run(
                    load_until_killed(process.pid, addresses, part.issuing_chain, chance.randint(1, 10))
                )
            finally:
                process.kill()
                process.join()
    assert len(held) > KILLS
    assert len({request_id for request_id, _ in held}) == len(held)
    kept = {each.request_id: each.serial for each in database.issued(part.database)}
    assert {request_id: kept.get(request_id) for request_id, _ in held} == dict(held)
    with contextlib.closing(sqlite3.connect(part.database)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
