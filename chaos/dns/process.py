"""The DNS server as a running whole, and as a process with one owner.

    with DnsProcess(DnsPartSettings(addresses={"ca.test": ("127.0.0.1",)}), log_directory) as dns:
        dns.address      # 127.0.0.1:PORT, UDP and TCP
        dns.url          # http://127.0.0.1:PORT, for challtestsrv's clients and ours

A process of its own, so that it can be killed and frozen like one.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Mapping
from ipaddress import ip_address
from pathlib import Path

from chaos.alarms import Alarms
from chaos.child import ChildServer
from chaos.dns.desk import Desk
from chaos.dns.history import History
from chaos.dns.management import Management
from chaos.dns.plan import DnsPartSettings
from chaos.dns.records import Records
from chaos.dns.server import DnsServer
from testbed.errors import SettingsError
from testbed.listening import start_listening
from testbed.web.messages import Limits
from testbed.web.server import HttpServer

_WHO = "the DNS server"
_LIMITS = Limits(header_bytes=65_536, body_bytes=16_000_000, request_seconds=60.0)


@contextlib.asynccontextmanager
async def running(part: DnsPartSettings) -> AsyncIterator[Mapping[str, str]]:
    """The server, serving, for as long as the context lasts.

    Gives `dns`, the HOST:PORT of UDP and TCP, and `management`, the URL of its API. PartFailed when a port
    cannot be had, SettingsError for an address that is none.
    """
    alarms = Alarms(asyncio.get_running_loop())
    desk = Desk(_records(part), History(part.kept_queries, time.time), part.plan, alarms)
    server, manager = DnsServer(desk), HttpServer(Management(desk).session, None, _LIMITS)
    try:
        host, port = await start_listening(server, _WHO, part.host, part.port, "port")
        api_host, api_port = await start_listening(
            manager, _WHO, part.host, part.management_port, "management_port"
        )
        yield {"dns": f"{host}:{port}", "management": f"http://{api_host}:{api_port}"}
    finally:
        await manager.stop()
        await server.stop()
        desk.close()
        alarms.close()


def _records(part: DnsPartSettings) -> Records:
    records = Records(part.default_ipv4, part.default_ipv6, part.ttl_seconds)
    for host, addresses in part.addresses.items():
        for address in addresses:
            _check(address, f"addresses.{host}")
        records.add_addresses(host, addresses)
    for setting in ("default_ipv4", "default_ipv6"):
        _check(getattr(part, setting) or "0.0.0.0", setting)  # noqa: S104 - compared, not bound
    return records


def _check(address: str, setting: str) -> None:
    try:
        ip_address(address)
    except ValueError as error:
        raise SettingsError(f"{setting}: {address!r} is no IP address; write one, as 127.0.0.1") from error


class DnsProcess(ChildServer):
    """The DNS server as a child process; see ChildServer for its start and end."""

    def __init__(self, settings: DnsPartSettings, log_directory: Path) -> None:
        super().__init__("dns", settings, log_directory)

    @property
    def address(self) -> str:
        """HOST:PORT, for UDP and TCP."""
        return self.addresses["dns"]

    @property
    def url(self) -> str:
        """The URL of its management API."""
        return self.addresses["management"]
