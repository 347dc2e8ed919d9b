"""The loopback HTTP endpoint that shows one part's metrics, and whether it is well."""

import contextlib
import json
import selectors
import socket
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from prometheus_client import CollectorRegistry, make_wsgi_app
from prometheus_client.exposition import ThreadingWSGIServer

from exporters.web_config import WebConfig

_CLIENT_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Health:
    """Whether a part is well, and what it says about itself."""

    well: bool
    details: Mapping[str, object] = field(default_factory=dict)


class _QuietHandler(WSGIRequestHandler):
    """Keeps scrapes out of standard error, which belongs to the part's own words; drops silent clients."""

    timeout = _CLIENT_SECONDS

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Log nothing."""


class _QuietServer(ThreadingWSGIServer):
    """Has no words for clients that break off."""

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing."""


class _QuietServer6(_QuietServer):
    address_family = socket.AF_INET6


def _server_class(host: str) -> type[ThreadingWSGIServer]:
    return _QuietServer6 if ":" in host else _QuietServer


@contextlib.contextmanager
def metrics_endpoint(
    registry: CollectorRegistry,
    host: str = "127.0.0.1",
    port: int = 0,
    health: Callable[[], Health] | None = None,
    wrap: Callable[[WSGIApplication], WSGIApplication] | None = None,
    web: WebConfig | None = None,
) -> Iterator[str]:
    """Show `registry` over HTTP while the context lasts; gives the URL, `http://HOST:PORT/metrics`.

    With `health`, `/health` answers 200 or 503 and JSON. Rendering costs milliseconds, so it happens in
    threads of its own. What `wrap` makes of the application is served in its place, over TLS and to those
    alone whom `web` knows. Port 0 is any free port; OSError when `port` is taken.
    """
    metrics = make_wsgi_app(registry)
    application = _with_health(metrics, health) if health else metrics
    if wrap:
        application = wrap(application)
    if web:
        application = web.guarded(application)
    server = make_server(host, port, application, _server_class(host), _QuietHandler)
    scheme = "http"
    if web and web.tls:
        scheme = "https"
        # The handshake is the handler's, in its own thread: a silent client holds up nobody else.
        server.socket = web.tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    stop, stopped = socket.socketpair()
    thread = threading.Thread(target=_serve, args=(server, stopped), name="metrics")
    thread.start()
    try:
        shown = f"[{host}]" if ":" in host else host
        yield f"{scheme}://{shown}:{server.server_port}/metrics"
    finally:
        stop.shutdown(socket.SHUT_WR)  # a forked process has it open, too
        thread.join()
        stop.close()
        stopped.close()
        server.server_close()


def _serve(server: WSGIServer, stopped: socket.socket) -> None:
    """Serve until `stopped` has something to read; `serve_forever` looks for that many times a second."""
    server.timeout = 0
    with selectors.DefaultSelector() as selector:
        selector.register(server, selectors.EVENT_READ)
        selector.register(stopped, selectors.EVENT_READ)
        while not any(key.fileobj is stopped for key, _ in selector.select()):
            server.handle_request()


def _with_health(metrics: WSGIApplication, health: Callable[[], Health]) -> WSGIApplication:
    def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ.get("PATH_INFO") != "/health":
            return metrics(environ, start_response)
        found = health()
        status = "200 OK" if found.well else "503 Service Unavailable"
        start_response(status, [("Content-Type", "application/json")])
        return [json.dumps({"well": found.well, **found.details}).encode() + b"\n"]

    return application
