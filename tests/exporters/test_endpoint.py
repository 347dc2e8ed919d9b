import socket
import subprocess
import sys
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


def test_an_endpoint_ends_though_a_forked_process_has_all_of_it_open() -> None:
    code = """
import os, signal
from prometheus_client import CollectorRegistry
from exporters.endpoint import metrics_endpoint
with metrics_endpoint(CollectorRegistry()):
    forked = os.fork()
    if not forked:
        signal.pause()
print("ended")
os.kill(forked, signal.SIGKILL)
"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert ran.stdout == "ended\n"


def test_a_taken_port_is_an_os_error() -> None:
    with (
        metrics_endpoint(CollectorRegistry()) as url,
        pytest.raises(OSError, match="in use"),
        metrics_endpoint(CollectorRegistry(), port=httpx.URL(url).port or 0),
    ):
        pass
