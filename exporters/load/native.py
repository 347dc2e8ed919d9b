"""The load generator's metrics with native histograms, for a scraper that asks for them."""

from collections.abc import Iterable, Iterator
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from prometheus_client import CollectorRegistry, Metric

from exporters import protobuf
from exporters.load.collector import LoadCollector


def with_native(
    application: WSGIApplication, load: LoadCollector, others: CollectorRegistry
) -> WSGIApplication:
    """The application, but protobuf with native histograms for who prefers that; `others` go with it."""

    def collected() -> Iterator[Metric]:
        yield from others.collect()
        yield from load.collect_native()

    def serve(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ.get("REQUEST_METHOD") != "GET" or not protobuf.wanted(environ.get("HTTP_ACCEPT", "")):
            return application(environ, start_response)
        start_response("200 OK", [("Content-Type", protobuf.CONTENT_TYPE)])
        return [protobuf.exposition(collected())]

    return serve
