import socket
import threading

import httpx
import pytest
from prometheus_client import CollectorRegistry, Counter

from exporters.endpoint import metrics_endpoint


def test_shows_the_registry_it_was_given_and_no_other() -> None:
    registry = CollectorRegistry()
    Counter("seen", "Things seen.", registry=registry).inc(3)
    with metrics_endpoint(registry) as url:
        text = httpx.get(url).text
    assert "seen_total 3.0" in text
    assert "python_info" not in text


def test_listens_on_loopback_alone() -> None:
    with metrics_endpoint(CollectorRegistry()) as url:
        assert url.startswith("http://127.0.0.1:")


def test_leaving_the_context_frees_the_port_and_ends_the_thread() -> None:
    with metrics_endpoint(CollectorRegistry()) as url:
        port = httpx.URL(url).port
        assert port
    assert "metrics" not in {thread.name for thread in threading.enumerate()}
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=1)


def test_a_taken_port_is_an_os_error() -> None:
    with (
        metrics_endpoint(CollectorRegistry()) as url,
        pytest.raises(OSError, match="in use"),
        metrics_endpoint(CollectorRegistry(), port=httpx.URL(url).port or 0),
    ):
        pass
