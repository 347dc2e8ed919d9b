"""The loopback HTTP endpoint that shows one process's metrics."""

import contextlib
import threading
from collections.abc import Iterator
from wsgiref.simple_server import WSGIRequestHandler, make_server

from prometheus_client import CollectorRegistry, make_wsgi_app
from prometheus_client.exposition import ThreadingWSGIServer

# A part must end promptly when told to; the standard library's default notices after up to 0.5 s.
_STOP_POLL_SECONDS = 0.05


class _QuietHandler(WSGIRequestHandler):
    """Keeps scrapes out of standard error, which belongs to the part's own words."""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Log nothing."""


@contextlib.contextmanager
def metrics_endpoint(registry: CollectorRegistry, host: str = "127.0.0.1", port: int = 0) -> Iterator[str]:
    """Show `registry` over HTTP while the context lasts; gives the URL, `http://HOST:PORT/metrics`.

    Rendering costs milliseconds, so it happens in threads of its own. Port 0 is any free port; OSError when
    `port` is taken.
    """
    server = make_server(host, port, make_wsgi_app(registry), ThreadingWSGIServer, _QuietHandler)
    thread = threading.Thread(target=server.serve_forever, args=(_STOP_POLL_SECONDS,), name="metrics")
    thread.start()
    try:
        yield f"http://{host}:{server.server_port}/metrics"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
