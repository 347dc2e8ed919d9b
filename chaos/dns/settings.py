"""Settings of the DNS server."""

from typing import Annotated

import msgspec

from testbed.bounds import Name, Port, Settings

TtlSeconds = Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)]
Addresses = Annotated[tuple[Name, ...], msgspec.Meta(min_length=1)]


class DnsSettings(Settings, frozen=True):
    """Where it listens and what it answers; the defaults are challtestsrv's. Port 0 is any free port.

    `addresses` holds names and their IPv4 and IPv6 addresses; every other name has `default_ipv4` and
    `default_ipv6` (empty: none). `kept_queries` is how many queries it remembers.
    """

    host: Name = "127.0.0.1"
    port: Port = 0
    management_port: Port = 0
    addresses: dict[Name, Addresses] = msgspec.field(default_factory=dict)
    default_ipv4: str = "127.0.0.1"
    default_ipv6: str = "::1"
    ttl_seconds: TtlSeconds = 0
    kept_queries: Annotated[int, msgspec.Meta(ge=0, le=10_000_000)] = 100_000
