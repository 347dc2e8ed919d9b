"""Addresses as Toxiproxy reads and writes them: `host:port`, `:port` for every interface, `[host]:port`."""

import asyncio
import ipaddress
import os
import socket
from typing import NamedTuple

from chaos.errors import ProxyRefused

_BACKLOG = 1024


class Endpoint(NamedTuple):
    """A socket address with its family."""

    family: socket.AddressFamily
    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def split(address: str) -> tuple[str, int]:
    """Host and port of `host:port`; ProxyRefused (500), in Go's words, when it is not that."""
    host, colon, port = address.rpartition(":")
    if not colon:
        raise ProxyRefused(500, f"listen tcp: address {address}: missing port in address")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host:
        raise ProxyRefused(500, f"listen tcp: address {address}: too many colons in address")
    if not (port.isascii() and port.isdigit()):
        raise ProxyRefused(500, f"listen tcp: lookup tcp/{port}: unknown port")
    if len(port) > 5 or int(port) > 65_535:
        raise ProxyRefused(500, f"listen tcp: address {port}: invalid port")
    return host, int(port)


async def resolve(address: str) -> Endpoint:
    """Where to listen for `address`, IPv4 preferred; empty is any port on every interface."""
    host, port = split(address) if address else ("", 0)
    if _is_wildcard(host):
        return Endpoint(*_every_interface(), port)
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise ProxyRefused(500, f"listen tcp: lookup {host}: no such host") from error
    family, _, _, _, (resolved, *_) = min(found, key=lambda each: each[0] != socket.AF_INET)
    return Endpoint(socket.AddressFamily(family), str(resolved), port)


def listen(at: Endpoint) -> tuple[socket.socket, Endpoint]:
    """A listening socket that does not block, and the address it got; ProxyRefused (500) when it is taken."""
    listener = socket.socket(at.family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if at.family == socket.AF_INET6 and at.host == "::":
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        listener.bind((at.host, at.port))
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        why = os.strerror(error.errno).lower() if error.errno else str(error)
        raise ProxyRefused(500, f"listen tcp {at}: bind: {why}") from error
    listener.setblocking(False)
    return listener, Endpoint(at.family, at.host, listener.getsockname()[1])


async def dial(address: str) -> socket.socket:
    """A connection to `address`, each of its resolved addresses tried in turn; OSError of the last one."""
    host, port = split(address)
    loop = asyncio.get_running_loop()
    failure = OSError(f"{address} has no address")
    for family, kind, protocol, _, where in await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        tcp = socket.socket(family, kind, protocol)
        try:
            tcp.setblocking(False)
            tcp.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            await loop.sock_connect(tcp, where)
        except OSError as error:
            tcp.close()
            failure = error
        except BaseException:
            tcp.close()
            raise
        else:
            return tcp
    raise failure


def _is_wildcard(host: str) -> bool:
    try:
        return not host or ipaddress.ip_address(host).is_unspecified
    except ValueError:
        return False


def _every_interface() -> tuple[socket.AddressFamily, str]:
    return (socket.AF_INET6, "::") if socket.has_dualstack_ipv6() else (socket.AF_INET, "0.0.0.0")  # noqa: S104
