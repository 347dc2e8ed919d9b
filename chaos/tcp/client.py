"""A typed client of Toxiproxy's API, for our proxy or a real Toxiproxy.

with Toxiproxy(url) as proxies:
    with proxies.toxic("ra-ca", "latency", {"latency": 200, "jitter": 50}):
        ...                              # gone afterwards, whatever happened
"""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal, TypeVar
from urllib.parse import quote

import msgspec

from chaos.errors import ProxyRefused, ProxyUnreachable
from chaos.http_api import ApiWords, HttpApi
from chaos.tcp.draws import FaultLog

T = TypeVar("T")
Stream = Literal["upstream", "downstream"]
Attributes = Mapping[str, float]


class ToxicState(msgspec.Struct, frozen=True):
    """A toxic as the API shows it."""

    name: str
    type: str
    stream: str
    toxicity: float
    attributes: dict[str, float]


class ProxyState(msgspec.Struct, frozen=True):
    """A proxy as the API shows it; `listen` is the address it got."""

    name: str
    listen: str
    upstream: str
    enabled: bool
    toxics: list[ToxicState]

    @property
    def address(self) -> tuple[str, int]:
        """Host and port to connect to."""
        host, _, port = self.listen.rpartition(":")
        return host.strip("[]"), int(port)


class ProxyWish(msgspec.Struct, frozen=True):
    """A proxy to be made; `listen` with port 0 is any free port."""

    name: str
    upstream: str
    listen: str = "127.0.0.1:0"
    enabled: bool = True


class _Version(msgspec.Struct, frozen=True):
    version: str


class _Populated(msgspec.Struct, frozen=True):
    proxies: list[ProxyState] | None


_WORDS = ApiWords("TCP proxy", "Toxiproxy", "its API's URL", ProxyRefused, ProxyUnreachable)


class Toxiproxy(HttpApi):
    """The API at `url`, `http://host:port`. Use as a context manager, or `close` it.

    Every call raises ProxyRefused, with the API's status and words, or ProxyUnreachable.
    """

    def __init__(self, url: str, timeout_seconds: float = 10.0) -> None:
        super().__init__(url, _WORDS, timeout_seconds)

    def version(self) -> str:
        """The version of the API that is spoken, "2.12.0"."""
        return self._asked("GET", "/version", _Version).version

    def proxies(self) -> dict[str, ProxyState]:
        """Every proxy by name."""
        return self._asked("GET", "/proxies", dict[str, ProxyState])

    def proxy(self, name: str) -> ProxyState:
        """One proxy."""
        return self._asked("GET", _path(name), ProxyState)

    def create(self, wish: ProxyWish) -> ProxyState:
        """A new proxy, listening unless it is wished otherwise."""
        return self._asked("POST", "/proxies", ProxyState, wish)

    def populate(self, wishes: Sequence[ProxyWish]) -> list[ProxyState]:
        """These proxies, made or replaced where they differ; those that fit stay as they are, toxics too."""
        return self._asked("POST", "/populate", _Populated, wishes).proxies or []

    def enable(self, name: str, *, enabled: bool = True) -> ProxyState:
        """Start the proxy, or stop it: its port then refuses connections, and those open are closed."""
        return self._asked("POST", _path(name), ProxyState, {"enabled": enabled})

    def redirect(self, name: str, upstream: str) -> ProxyState:
        """Put another upstream behind the proxy; open connections are closed."""
        return self._asked("POST", _path(name), ProxyState, {"upstream": upstream})

    def delete(self, name: str) -> None:
        """Stop and forget the proxy."""
        self._call("DELETE", _path(name))

    def add_toxic(
        self,
        proxy: str,
        kind: str,
        attributes: Attributes | None = None,
        stream: Stream = "downstream",
        toxicity: float = 1.0,
        name: str = "",
    ) -> ToxicState:
        """Add a toxic; its name is `<kind>_<stream>` unless given."""
        named = {"name": name} if name else {}
        body = {"type": kind, "stream": stream, "toxicity": toxicity, "attributes": attributes or {}, **named}
        return self._asked("POST", _path(proxy, "toxics"), ToxicState, body)

    def update_toxic(
        self, proxy: str, name: str, attributes: Attributes | None = None, toxicity: float | None = None
    ) -> ToxicState:
        """Change the attributes that are given, and the toxicity if it is."""
        share = {} if toxicity is None else {"toxicity": toxicity}
        body = {"attributes": attributes or {}, **share}
        return self._asked("POST", _path(proxy, "toxics", name), ToxicState, body)

    def remove_toxic(self, proxy: str, name: str) -> None:
        """Remove a toxic."""
        self._call("DELETE", _path(proxy, "toxics", name))

    def reset(self) -> None:
        """Start every proxy and remove every toxic."""
        self._call("POST", "/reset")

    def faults(self, proxy: str | None = None) -> FaultLog:
        """What was drawn for recent connections, of one proxy or all. Only ours knows; ProxyRefused (404)."""
        return self._asked("GET", _path(proxy, "faults") if proxy else "/faults", FaultLog)

    @contextlib.contextmanager
    def toxic(
        self,
        proxy: str,
        kind: str,
        attributes: Attributes | None = None,
        stream: Stream = "downstream",
        toxicity: float = 1.0,
        name: str = "",
    ) -> Iterator[ToxicState]:
        """A toxic for the length of the block, or until somebody removes it."""
        added = self.add_toxic(proxy, kind, attributes, stream, toxicity, name)
        try:
            yield added
        finally:
            self._end(_path(proxy, "toxics", added.name))

    @contextlib.contextmanager
    def down(self, proxy: str) -> Iterator[ProxyState]:
        """The proxy stopped for the length of the block: connections are refused."""
        stopped = self.enable(proxy, enabled=False)
        try:
            yield stopped
        finally:
            self.enable(proxy)


def _path(*names: str) -> str:
    return "/proxies/" + "/".join(quote(name, safe="") for name in names)
