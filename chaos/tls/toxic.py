"""Handshakes that end or stall on the wire: a toxic of the hop's proxy, by a name of its own each time."""

import contextlib
import secrets
from collections.abc import Iterator, Mapping

from chaos.errors import FaultNotInjected, ProxyRefused, ProxyUnreachable
from chaos.system import System
from chaos.tcp.client import Stream
from chaos.tls.hop import TlsFault


@contextlib.contextmanager
def toxic(
    system: System, fault: TlsFault, kind: str, stream: Stream, attributes: Mapping[str, float] | None = None
) -> Iterator[None]:
    """The toxic on the fault's hop during the block; FaultNotInjected when it cannot be put there."""
    proxies, name = system.proxies, f"{fault.name}-{secrets.token_hex(4)}"
    try:
        proxies.add_toxic(fault.hop, kind, attributes, stream, name=name)
    except (ProxyRefused, ProxyUnreachable) as error:
        raise FaultNotInjected(f"{fault.name}: {error}") from error
    try:
        yield
    finally:
        proxies.remove_toxic(fault.hop, name)
