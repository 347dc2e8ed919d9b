"""All proxies of a process, and what the API can do to them. Every refusal is Toxiproxy's, word for word."""

import asyncio
from collections.abc import Mapping

from chaos.errors import ProxyRefused
from chaos.tcp.proxy import Equipment, Proxy, ToxicEntry
from chaos.tcp.registry import ToxicTypes
from chaos.tcp.wire import Json, ProxyFields, ToxicFields, as_float32, bad_body, filled, key_of


class PopulateRefused(ProxyRefused):
    """Populating stopped; `done` are the proxies that stand, None when none was looked at."""

    def __init__(self, refused: ProxyRefused, done: list[Proxy] | None) -> None:
        super().__init__(refused.status, str(refused))
        self.done = done


class Proxies:
    """The proxies by name. One change at a time."""

    def __init__(self, types: ToxicTypes, equipment: Equipment) -> None:
        self._types = types
        self._equipment = equipment
        self._proxies: dict[str, Proxy] = {}
        self._one_at_a_time = asyncio.Lock()

    @property
    def by_name(self) -> Mapping[str, Proxy]:
        """Every proxy, sorted by name."""
        return dict(sorted(self._proxies.items()))

    def get(self, name: str) -> Proxy:
        """The proxy of that name; ProxyRefused (404)."""
        if name not in self._proxies:
            raise ProxyRefused(404, "proxy not found")
        return self._proxies[name]

    async def create(self, body: Json) -> Proxy:
        """A new proxy; ProxyRefused: 400, 409 when the name is taken, 500 when it cannot listen."""
        fields = filled(ProxyFields(), body)
        _require(fields, "")
        async with self._one_at_a_time:
            if fields.name in self._proxies:
                raise ProxyRefused(409, "proxy already exists")
            return await self._add(fields)

    async def populate(self, body: Json) -> list[Proxy]:
        """The proxies of a list, those that differ replaced; PopulateRefused says how far it came."""
        try:
            wanted = _entries(body)
        except ProxyRefused as refused:
            raise PopulateRefused(refused, None) from refused
        done: list[Proxy] = []
        async with self._one_at_a_time:
            for fields in wanted:
                try:
                    done.append(await self._placed(fields))
                except ProxyRefused as refused:
                    raise PopulateRefused(refused, done or None) from refused
        return done

    async def update(self, name: str, body: Json) -> Proxy:
        """A proxy with other addresses, or started or stopped; ProxyRefused: 404, 400, 500."""
        async with self._one_at_a_time:
            proxy = self.get(name)
            now = ProxyFields(proxy.name, proxy.listen, proxy.upstream, proxy.enabled)
            fields = filled(now, body)
            await proxy.update(fields.listen, fields.upstream, enabled=fields.enabled)
        return proxy

    async def delete(self, name: str) -> None:
        """Stop and forget a proxy; ProxyRefused (404)."""
        async with self._one_at_a_time:
            self.get(name).stop()
            del self._proxies[name]

    async def reset(self) -> None:
        """Start every proxy and remove every toxic; ProxyRefused (500) at the first that cannot start."""
        async with self._one_at_a_time:
            for proxy in self._proxies.values():
                await proxy.start()
                proxy.remove_toxics()

    def stop(self) -> None:
        """Stop every proxy."""
        for proxy in self._proxies.values():
            proxy.stop()

    def toxic(self, proxy: str, name: str) -> ToxicEntry:
        """A toxic of a proxy; ProxyRefused (404)."""
        entry = self.get(proxy).toxic(name)
        if entry is None:
            raise ProxyRefused(404, "toxic not found")
        return entry

    def add_toxic(self, proxy_name: str, body: Json) -> ToxicEntry:
        """A new toxic on a proxy; ProxyRefused: 404, 400, 409 when the name is taken."""
        proxy = self.get(proxy_name)
        fields = filled(ToxicFields(), body)
        if fields.stream.lower() not in ("upstream", "downstream"):
            raise ProxyRefused(400, "stream was invalid, can be either upstream or downstream")
        if fields.type not in self._types:
            raise ProxyRefused(400, "invalid toxic type")
        name = fields.name or f"{fields.type}_{fields.stream}"
        if proxy.toxic(name) is not None:
            raise ProxyRefused(409, "toxic already exists")
        toxic = filled(self._types[fields.type](), key_of(body, "attributes"), ".attributes")
        entry = ToxicEntry(name, fields.stream, as_float32(fields.toxicity), toxic)
        proxy.put_toxic(entry)
        return entry

    def update_toxic(self, proxy: str, name: str, body: Json) -> ToxicEntry:
        """A toxic with other attributes or toxicity; ProxyRefused: 404, 400."""
        entry = self.toxic(proxy, name)
        fields = filled(ToxicFields(toxicity=entry.toxicity), body)
        toxic = filled(entry.toxic, key_of(body, "attributes"), ".attributes")
        changed = ToxicEntry(entry.name, entry.stream, as_float32(fields.toxicity), toxic)
        self.get(proxy).put_toxic(changed)
        return changed

    def remove_toxic(self, proxy: str, name: str) -> None:
        """Remove a toxic; ProxyRefused (404)."""
        self.toxic(proxy, name)
        self.get(proxy).remove_toxic(name)

    async def _add(self, fields: ProxyFields) -> Proxy:
        proxy = Proxy(fields.name, fields.listen, fields.upstream, self._equipment)
        if fields.enabled:
            await proxy.start()
        self._proxies[fields.name] = proxy
        return proxy

    async def _placed(self, fields: ProxyFields) -> Proxy:
        """The proxy as it stands when its addresses are these, else a new one in its place."""
        existing = self._proxies.get(fields.name)
        if existing is not None:
            if not await existing.differs(fields.listen, fields.upstream):
                return existing
            existing.stop()
            del self._proxies[fields.name]
        return await self._add(fields)


def _entries(body: Json) -> list[ProxyFields]:
    if body is None:
        return []
    if not isinstance(body, list):
        raise bad_body("json: cannot unmarshal object into Go value of type []toxiproxy.Proxy")
    wanted = [filled(ProxyFields(), each) for each in body]
    for number, fields in enumerate(wanted, 1):
        _require(fields, f" at proxy {number}")
    return wanted


def _require(fields: ProxyFields, where: str) -> None:
    for name in ("name", "upstream"):
        if not getattr(fields, name):
            raise ProxyRefused(400, f"missing required field: {name}{where}")
