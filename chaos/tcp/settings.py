"""Settings of the TCP fault proxy."""

from typing import Annotated

import msgspec

from testbed.bounds import Name, Port, Seconds, Settings


class ProxyEntry(Settings, frozen=True):
    """A proxy that is there from the start; see `docs/chaos-tcp.md` for the meaning of its addresses."""

    name: Name
    upstream: Name
    listen: str = "127.0.0.1:0"
    enabled: bool = True


class TcpPartSettings(Settings, frozen=True):
    """What the proxy's process is started with.

    `host` and `port` are the API's; `seed` decides all chance; `kept_connections` is how many connections'
    faults can be asked for; the two metrics switches are Toxiproxy's `-proxy-metrics` and `-runtime-metrics`.
    """

    host: Name = "127.0.0.1"
    port: Port = 0
    seed: int = 1
    proxies: tuple[ProxyEntry, ...] = ()
    dial_seconds: Seconds = 10.0
    kept_connections: Annotated[int, msgspec.Meta(ge=0, le=10_000_000)] = 100_000
    proxy_metrics: bool = False
    runtime_metrics: bool = False
