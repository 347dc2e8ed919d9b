"""A recording session behind a real server, on both event loops, with and without TLS."""

import asyncio
import contextlib
import datetime as dt
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

import pytest
import uvloop

from testbed.pki import LabPki, client_context, make_lab_pki, server_context
from testbed.web.messages import Limits, Request, Response
from testbed.web.server import HttpServer, Peer, Refusal

Run = Callable[[Coroutine[Any, Any, None]], None]


@pytest.fixture(params=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest) -> Run:
    return {"asyncio": asyncio.run, "uvloop": uvloop.run}[request.param]


@pytest.fixture(scope="session")
def pki(tmp_path_factory: pytest.TempPathFactory) -> LabPki:
    return make_lab_pki(tmp_path_factory.mktemp("pki"), "WEB-CA", "127.0.0.1", dt.datetime.now(dt.UTC))


async def echo(request: Request) -> Response:
    return Response(200, (), f"{request.method} {request.target} ".encode() + request.body)


@dataclass
class Recorder:
    """What the sessions of one server saw, and how they answer."""

    answer: Callable[[Request], Awaitable[Response]] = echo
    refusal: Response | None = None
    peers: list[Peer] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    deliveries: list[bool] = field(default_factory=list)
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    def __call__(self, peer: Peer) -> "RecordingSession":
        self.peers.append(peer)
        self.notify()
        return RecordingSession(self)

    async def until(self, condition: Callable[[], bool]) -> None:
        async with self.changed:
            await asyncio.wait_for(self.changed.wait_for(condition), 5)

    def notify(self) -> None:
        asyncio.get_running_loop().create_task(self._notify())

    async def _notify(self) -> None:
        async with self.changed:
            self.changed.notify_all()


class RecordingSession:
    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder

    async def respond(self, request: Request) -> Response:
        self._recorder.requests.append(request)
        self._recorder.notify()
        return await self._recorder.answer(request)

    def refuse(self, refusal: Refusal) -> Response | None:
        self._recorder.refusals.append(refusal)
        self._recorder.notify()
        return self._recorder.refusal

    def finished(self, request: Request, response: Response, *, delivered: bool) -> None:  # noqa: ARG002
        self._recorder.deliveries.append(delivered)
        self._recorder.notify()


@contextlib.asynccontextmanager
async def serving(
    recorder: Recorder, limits: Limits | None = None, tls: ssl.SSLContext | None = None
) -> AsyncIterator[int]:
    """`recorder` behind a server; gives its port."""
    server = HttpServer(recorder, tls, limits)
    _, port = await server.start("127.0.0.1", 0)
    try:
        yield port
    finally:
        await server.stop()


@dataclass
class Wire:
    """A raw connection to a server."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    def write(self, data: bytes) -> None:
        self.writer.write(data)

    async def answers(self, count: int = 1) -> bytes:
        """The bytes up to and including the bodies of `count` answers."""
        received = b""
        for _ in range(count):
            head = await asyncio.wait_for(self.reader.readuntil(b"\r\n\r\n"), 5)
            length = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
            received += head + await self.reader.readexactly(int(length[0].split(b":")[1]) if length else 0)
        return received

    async def rest(self) -> bytes:
        """Everything until the server closes."""
        return await asyncio.wait_for(self.reader.read(), 5)


@contextlib.asynccontextmanager
async def connected(port: int, pki: LabPki | None = None) -> AsyncIterator[Wire]:
    context = client_context(pki.trust_anchor) if pki else None
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
    try:
        yield Wire(reader, writer)
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


async def eventually(condition: Callable[[], bool]) -> None:
    """Wait for what nobody announces."""
    async with asyncio.timeout(5):
        while True:
            if condition():
                return
            await asyncio.sleep(0.001)


def tls(pki: LabPki) -> ssl.SSLContext:
    return server_context(pki.ca_server)
