"""What the proxy counts: Toxiproxy's two series, and what users of Toxiproxy miss (`estorm_tcp_*`)."""

from typing import Protocol

from prometheus_client import GC_COLLECTOR, PLATFORM_COLLECTOR, CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.process_collector import ProcessCollector

_LABELS = ["direction", "proxy", "listener", "upstream"]
_DELAY_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 60)


class Sent(Protocol):
    """How a direction ended."""

    sent_bytes: int
    failed: bool


class TcpMetrics:
    """The proxy's metrics in a registry of their own. `runtime`: also those of the process and of Python."""

    def __init__(self, *, proxies: bool, runtime: bool) -> None:
        self.shown = proxies or runtime
        self.registry = CollectorRegistry()
        shown = self.registry if proxies else None
        if runtime:
            ProcessCollector(registry=self.registry)
            self.registry.register(GC_COLLECTOR)
            self.registry.register(PLATFORM_COLLECTOR)
        self.received = Counter(
            "toxiproxy_proxy_received_bytes",
            "Bytes received; counted when a connection ends.", _LABELS, registry=shown,
        )  # fmt: skip
        self.sent = Counter(
            "toxiproxy_proxy_sent_bytes",
            "Bytes sent; counted when a connection ends without a write error.", _LABELS, registry=shown,
        )  # fmt: skip
        self.connections = Counter(
            "estorm_tcp_connections", "Connections accepted.", ["proxy"], registry=shown
        )
        self.dial_failures = Counter(
            "estorm_tcp_dial_failures", "Connections closed because the upstream did not answer.", ["proxy"],
            registry=shown,
        )  # fmt: skip
        self.open = Gauge("estorm_tcp_connections_open", "Connections open now.", ["proxy"], registry=shown)
        self.struck = Counter(
            "estorm_tcp_toxic_connections", "Connections that a toxic was drawn for.",
            ["proxy", "toxic", "type"], registry=shown,
        )  # fmt: skip
        self.delay = Histogram(
            "estorm_tcp_added_delay_seconds", "Waits that toxics asked for.", ["proxy", "type"],
            buckets=_DELAY_BUCKETS, registry=shown,
        )  # fmt: skip


class ProxyMeter:
    """The metrics of one proxy at one pair of addresses."""

    def __init__(self, metrics: TcpMetrics, proxy: str, listener: str, upstream: str) -> None:
        self._metrics = metrics
        self._proxy = proxy
        self._addresses = (proxy, listener, upstream)
        self._connections = metrics.connections.labels(proxy)
        self._open = metrics.open.labels(proxy)
        self._delays: dict[str, Histogram] = {}

    def opened(self) -> None:
        """A connection was accepted and its upstream dialled."""
        self._connections.inc()
        self._open.inc()

    def closed(self) -> None:
        """A connection is closed."""
        self._open.dec()

    def dial_failed(self) -> None:
        """The upstream did not answer."""
        self._metrics.dial_failures.labels(self._proxy).inc()

    def struck(self, toxic: str, toxic_type: str) -> None:
        """A toxic was drawn for a connection."""
        self._metrics.struck.labels(self._proxy, toxic, toxic_type).inc()

    def delayed(self, toxic_type: str, seconds: float) -> None:
        """A toxic keeps data waiting."""
        histogram = self._delays.get(toxic_type)
        if histogram is None:
            histogram = self._delays[toxic_type] = self._metrics.delay.labels(self._proxy, toxic_type)
        histogram.observe(seconds)

    def carried(self, direction: str, received_bytes: int, sent: Sent) -> None:
        """A direction of a connection has ended."""
        self._metrics.received.labels(direction, *self._addresses).inc(received_bytes)
        if not sent.failed:
            self._metrics.sent.labels(direction, *self._addresses).inc(sent.sent_bytes)
