"""What tests ask the RA, and how the scripted CA behaves meanwhile."""

import asyncio
import base64

import uvloop

from testbed.web.messages import Header, Reply, Request, Response
from tests.testbed.ra.conftest import EST_PASSWORD, EstClient, RunningRa
from tests.testbed.ra.scripted_ca import Answer

EST = "/.well-known/est/"


def basic(user: str, password: str) -> Header:
    return ("Authorization", "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode())


GOOD = basic("capf", EST_PASSWORD)
PKCS10 = ("Content-Type", "application/pkcs10")


def always(response: Response) -> Answer:
    async def answer(_: Request) -> Response:
        return response

    return answer


async def silent(_: Request) -> Response:
    await asyncio.get_running_loop().create_future()
    raise AssertionError


async def metrics(client: EstClient) -> dict[str, float]:
    """The RA's samples by name and labels, as its endpoint shows them."""
    reader, writer = await asyncio.open_connection("127.0.0.1", client.metrics_port)
    writer.write(b"GET /metrics HTTP/1.0\r\n\r\n")
    text = (await reader.read()).decode()
    writer.close()
    await writer.wait_closed()
    samples = (line.rsplit(" ", 1) for line in text.splitlines() if line.startswith("estorm_ra_"))
    return {name: float(value) for name, value in samples}


def enroll(running_ra: RunningRa, body: bytes, *headers: Header, **ra: object) -> Reply:
    async def scenario() -> Reply:
        async with running_ra(**ra) as client:
            return await client.enroll(body, *headers)

    return uvloop.run(scenario())
