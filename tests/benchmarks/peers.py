"""Servers to compare: `python -m tests.benchmarks.peers NAME KEY CERTIFICATE` serves until killed.

Each prints its port when it listens. All run on uvloop and answer every request with the same kilobyte.
"""

import asyncio
import sys
from pathlib import Path

import click
import uvloop
from aiohttp import web

from testbed.pki import Identity, server_context
from testbed.web.messages import Request, Response
from testbed.web.server import HttpServer, Peer, Refusal

BODY = b"x" * 1024


class FixedAnswer:
    """A session of testbed.web that always answers the same."""

    async def respond(self, request: Request) -> Response:  # noqa: ARG002
        """The fixed answer."""
        return Response(200, (("Content-Type", "text/plain"),), BODY)

    def refuse(self, refusal: Refusal) -> Response | None:  # noqa: ARG002
        """Nothing: the client of this benchmark sends no such request."""
        return None

    def finished(self, request: Request, response: Response, *, delivered: bool) -> None:
        """Nothing to do."""


def fixed_answer(_peer: Peer) -> FixedAnswer:
    """A session for any connection."""
    return FixedAnswer()


async def serve_own(identity: Identity) -> None:
    """Serve with testbed.web."""
    server = HttpServer(fixed_answer, server_context(identity))
    _, port = await server.start("127.0.0.1", 0)
    click.echo(port)
    await asyncio.Event().wait()


async def serve_aiohttp(identity: Identity) -> None:
    """Serve with aiohttp.web."""

    async def answer(_request: web.Request) -> web.Response:
        return web.Response(body=BODY, content_type="text/plain")

    application = web.Application()
    application.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=server_context(identity))
    await site.start()
    click.echo(runner.addresses[0][1])
    await asyncio.Event().wait()


if __name__ == "__main__":
    serve = {"testbed.web": serve_own, "aiohttp.web": serve_aiohttp}[sys.argv[1]]
    uvloop.run(serve(Identity(Path(sys.argv[2]), Path(sys.argv[3]))))
