"""The TCP fault proxy as a running whole, and as a process with one owner.

    with ProxyProcess(TcpPartSettings(seed=7), log_directory) as proxy:
        proxy.url      # http://127.0.0.1:PORT, for Toxiproxy's clients and ours

A process of its own, so that what it costs is not taken from the part it stands in front of, and so that it
can be killed like one.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

from chaos.alarms import Alarms, Clock
from chaos.child import ChildServer
from chaos.dice import Dice
from chaos.errors import ProxyRefused
from chaos.tcp.api import Api
from chaos.tcp.draws import Recent
from chaos.tcp.metrics import TcpMetrics
from chaos.tcp.proxies import Proxies
from chaos.tcp.proxy import Equipment
from chaos.tcp.registry import toxic_types
from chaos.tcp.settings import TcpPartSettings
from testbed.errors import PartFailed
from testbed.listening import start_listening
from testbed.web.messages import Limits
from testbed.web.server import HttpServer

_READ_BYTES = 256 * 1024
# Toxiproxy reads any length and keeps an idle connection a minute; a list of proxies may be long.
_LIMITS = Limits(header_bytes=65_536, body_bytes=16_000_000, request_seconds=60.0)


@contextlib.asynccontextmanager
async def running(part: TcpPartSettings) -> AsyncIterator[Mapping[str, str]]:
    """The proxy, serving, for as long as the context lasts; gives `api`, the URL of its API.

    PartFailed when an address cannot be had. Leaving closes every connection.
    """
    alarms = Alarms(asyncio.get_running_loop())
    equipment = _equipment(part, alarms)
    proxies = Proxies(toxic_types(), equipment)
    server = HttpServer(Api(proxies, equipment).session, None, _LIMITS)
    try:
        await _populate(proxies, part)
        host, port = await start_listening(server, "the TCP proxy", part.host, part.port, "port")
        yield {"api": f"http://{host}:{port}"}
    finally:
        await server.stop()
        proxies.stop()
        alarms.close()


def _equipment(part: TcpPartSettings, clock: Clock) -> Equipment:
    return Equipment(
        clock=clock,
        dice=Dice(part.seed),
        recent=Recent(part.kept_connections),
        metrics=TcpMetrics(proxies=part.proxy_metrics, runtime=part.runtime_metrics),
        buffer=memoryview(bytearray(_READ_BYTES)),
        dial_seconds=part.dial_seconds,
        epoch=time.time,
    )


async def _populate(proxies: Proxies, part: TcpPartSettings) -> None:
    for entry in part.proxies:
        fields = {name: getattr(entry, name) for name in entry.__struct_fields__}
        try:
            await proxies.create(fields)
        except ProxyRefused as refused:
            raise PartFailed(f"proxies: {entry.name!r} cannot be made: {refused}") from refused


class ProxyProcess(ChildServer):
    """The TCP fault proxy as a child process; see ChildServer for its start and end."""

    def __init__(self, settings: TcpPartSettings, log_directory: Path) -> None:
        super().__init__("tcp", settings, log_directory)

    @property
    def url(self) -> str:
        """The URL of its API."""
        return self.addresses["api"]
