"""Toxiproxy's HTTP API: its routes, statuses and words; and two routes of our own for the drawn faults."""

import posixpath
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import unquote

import msgspec
from prometheus_client import generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from chaos.errors import ProxyRefused
from chaos.tcp.draws import FaultLog
from chaos.tcp.proxies import PopulateRefused, Proxies
from chaos.tcp.proxy import Equipment, Proxy
from chaos.tcp.wire import encoded, first_value, proxy_json, toxic_json
from testbed.web.messages import Request, Response
from testbed.web.server import Peer, Refusal

VERSION = "2.12.0"
_JSON = ("Content-Type", "application/json")
_TEXT = (("Content-Type", "text/plain; charset=utf-8"), ("X-Content-Type-Options", "nosniff"))
_REQUEST_ID_BYTES = 10

Handler = Callable[["Api", tuple[str, ...], bytes], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Route:
    """A path, `{}` standing for any one segment, and its handler for some verbs (none: any verb)."""

    verbs: tuple[str, ...]
    path: str
    handler: Handler

    def match(self, path: str) -> tuple[str, ...] | None:
        """What stands in the path's `{}`, or None when it is another path."""
        wanted, found = self.path.split("/"), path.split("/")
        if len(wanted) != len(found):
            return None
        pairs = tuple(zip(wanted, found, strict=True))
        if any(not part if want == "{}" else want != part for want, part in pairs):
            return None
        return tuple(part for want, part in pairs if want == "{}")


class Api:
    """Answers for the proxies of one process; makes the session of each connection to the API."""

    def __init__(self, proxies: Proxies, equipment: Equipment) -> None:
        self.proxies = proxies
        self.equipment = equipment

    def session(self, _peer: Peer) -> "Api":
        """What serves a connection: the API keeps nothing of one."""
        return self

    async def respond(self, request: Request) -> Response:
        """The answer to one request."""
        path = unquote(request.path)
        if "//" in path or "/./" in path or "/../" in path:
            return _moved(path)
        matches = [(route, names) for route in ROUTES if (names := route.match(path)) is not None]
        if not matches:
            return Response(404, _TEXT, b"404 page not found\n")
        found = next(((r, n) for r, n in matches if not r.verbs or request.method in r.verbs), None)
        if found is None:
            return Response(405)
        answer = await self._answer(found[0].handler, found[1], request)
        headers = (*answer.headers, ("X-Toxiproxy-Request-Id", secrets.token_hex(_REQUEST_ID_BYTES)))
        return Response(answer.status, headers, answer.body)

    async def _answer(self, handler: Handler, names: tuple[str, ...], request: Request) -> Response:
        if (request.headers.get("User-Agent") or "").startswith("Mozilla/"):
            return Response(403, _TEXT, b"User agent not allowed\n")
        try:
            return await handler(self, names, request.body)
        except PopulateRefused as refused:
            return _json(refused.status, {**_error(refused), "proxies": _proxies_json(refused.done)})
        except ProxyRefused as refused:
            return Response(refused.status, _TEXT, encoded(_error(refused)) + b"\n")

    def refuse(self, refusal: Refusal) -> Response | None:
        """The answer to a request that cannot be read."""
        return None if refusal is Refusal.TOO_SLOW else Response(400, _TEXT, b"400 Bad Request", close=True)

    def finished(self, request: Request, response: Response, *, delivered: bool) -> None:
        """Nothing to do."""


def _json(status: int, value: object) -> Response:
    return Response(status, (_JSON,), encoded(value))


def _error(refused: ProxyRefused) -> dict[str, object]:
    return {"error": str(refused), "status": refused.status}


def _proxies_json(proxies: list[Proxy] | None) -> list[object] | None:
    return [proxy_json(proxy) for proxy in proxies] if proxies else None


def _moved(path: str) -> Response:
    clean = posixpath.normpath(path).replace("//", "/")
    where = clean + ("/" if path.endswith("/") and clean != "/" else "")
    return Response(301, (("Location", where),))


async def _list(api: Api, _names: tuple[str, ...], _body: bytes) -> Response:
    return _json(200, {name: proxy_json(proxy) for name, proxy in api.proxies.by_name.items()})


async def _create(api: Api, _names: tuple[str, ...], body: bytes) -> Response:
    return _json(201, proxy_json(await api.proxies.create(first_value(body))))


async def _populate(api: Api, _names: tuple[str, ...], body: bytes) -> Response:
    try:
        value = first_value(body)
    except ProxyRefused as refused:
        raise PopulateRefused(refused, None) from refused
    return _json(201, {"proxies": _proxies_json(await api.proxies.populate(value))})


async def _show(api: Api, names: tuple[str, ...], _body: bytes) -> Response:
    return _json(200, proxy_json(api.proxies.get(names[0])))


async def _update(api: Api, names: tuple[str, ...], body: bytes) -> Response:
    api.proxies.get(names[0])
    return _json(200, proxy_json(await api.proxies.update(names[0], first_value(body))))


async def _delete(api: Api, names: tuple[str, ...], _body: bytes) -> Response:
    await api.proxies.delete(names[0])
    return Response(204)


async def _list_toxics(api: Api, names: tuple[str, ...], _body: bytes) -> Response:
    return _json(200, [toxic_json(entry) for entry in api.proxies.get(names[0]).toxics])


async def _add_toxic(api: Api, names: tuple[str, ...], body: bytes) -> Response:
    api.proxies.get(names[0])
    return _json(200, toxic_json(api.proxies.add_toxic(names[0], first_value(body))))


async def _show_toxic(api: Api, names: tuple[str, ...], _body: bytes) -> Response:
    return _json(200, toxic_json(api.proxies.toxic(*names)))


async def _update_toxic(api: Api, names: tuple[str, ...], body: bytes) -> Response:
    proxy, name = names
    api.proxies.toxic(proxy, name)
    return _json(200, toxic_json(api.proxies.update_toxic(proxy, name, first_value(body))))


async def _remove_toxic(api: Api, names: tuple[str, ...], _body: bytes) -> Response:
    api.proxies.remove_toxic(*names)
    return Response(204)


async def _reset(api: Api, _names: tuple[str, ...], _body: bytes) -> Response:
    await api.proxies.reset()
    return Response(204)


async def _version(_api: Api, _names: tuple[str, ...], _body: bytes) -> Response:
    body = b'{"version": "%s"}\n' % VERSION.encode()
    return Response(200, (("Content-Type", "application/json;charset=utf-8"),), body)


async def _metrics(api: Api, _names: tuple[str, ...], _body: bytes) -> Response:
    metrics = api.equipment.metrics
    if not metrics.shown:
        return Response(404, _TEXT, b"404 page not found\n")
    return Response(200, (("Content-Type", CONTENT_TYPE_LATEST),), generate_latest(metrics.registry))


async def _faults(api: Api, names: tuple[str, ...], _body: bytes) -> Response:
    proxy = api.proxies.get(names[0]).name if names else None
    log = FaultLog(api.equipment.dice.seed, list(api.equipment.recent.of(proxy)))
    return Response(200, (_JSON,), msgspec.json.encode(log))


_CHANGE = ("POST", "PATCH")
ROUTES = (
    Route(("GET",), "/proxies", _list),
    Route(("POST",), "/proxies", _create),
    Route(("POST",), "/populate", _populate),
    Route(("GET",), "/proxies/{}", _show),
    Route(_CHANGE, "/proxies/{}", _update),
    Route(("DELETE",), "/proxies/{}", _delete),
    Route(("GET",), "/proxies/{}/toxics", _list_toxics),
    Route(("POST",), "/proxies/{}/toxics", _add_toxic),
    Route(("GET",), "/proxies/{}/toxics/{}", _show_toxic),
    Route(_CHANGE, "/proxies/{}/toxics/{}", _update_toxic),
    Route(("DELETE",), "/proxies/{}/toxics/{}", _remove_toxic),
    Route(("POST",), "/reset", _reset),
    Route(("GET",), "/version", _version),
    Route((), "/metrics", _metrics),
    Route(("GET",), "/faults", _faults),
    Route(("GET",), "/proxies/{}/faults", _faults),
)
