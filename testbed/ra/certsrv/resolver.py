"""The CA's host name becomes an address: asked of one DNS server, in c-ares' words when that fails.

c-ares is what CES's curl resolves with: its texts are those of the guide's log.
"""

import asyncio
import ipaddress
import socket
from typing import Self

import aiodns

from testbed.ra.certsrv.settings import RaResolver
from testbed.web.client import NameNotResolved, Origin

_NO_CONTACT = "Could not contact DNS servers"
_NO_DATA = "DNS server returned answer with no data"


class Resolver:
    """Resolves an origin's name at the DNS server of the settings; close it after use."""

    def __init__(self, settings: RaResolver) -> None:
        self._settings = settings
        self._kept: aiodns.DNSResolver | None = None

    async def address(self, origin: Origin) -> str:
        """The first IPv4 address of `origin`; NameNotResolved, with the reason in words, when it has none."""
        if _is_address(origin.host):
            return origin.host
        if not self._settings.cache:
            return await self._fresh(origin)
        if self._kept is None:
            self._kept = self._channel()  # it keeps answers for their time to live
        return await _ask(self._kept, origin)

    async def _fresh(self, origin: Origin) -> str:
        try:
            async with self._channel() as channel:
                return await _ask(channel, origin)
        except NameNotResolved as error:
            if str(error) != _NO_CONTACT:
                raise
        # A channel just made now and then says so before it has sent anything (seen with c-ares 1.34).
        async with self._channel() as channel:
            return await _ask(channel, origin)

    async def close(self) -> None:
        """Forget what was kept."""
        if self._kept is not None:
            await self._kept.close()
            self._kept = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def _channel(self) -> aiodns.DNSResolver:
        # lookups "b" is DNS alone, without /etc/hosts.
        return aiodns.DNSResolver(
            servers=[self._settings.server], lookups="b", timeout=self._settings.seconds, tries=1
        )


async def _ask(channel: aiodns.DNSResolver, origin: Origin) -> str:
    try:
        found = await channel.getaddrinfo(origin.host, socket.AF_INET, origin.port, type=socket.SOCK_STREAM)
    except aiodns.error.DNSError as error:
        raise NameNotResolved(str(error.args[1])) from error
    except asyncio.CancelledError:
        channel.cancel()
        raise
    for node in found.nodes:
        address = node.addr[0]
        return address.decode("ascii") if isinstance(address, bytes) else str(address)
    raise NameNotResolved(_NO_DATA)


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
