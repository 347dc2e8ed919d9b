"""Accepting clients when there is no room for them."""

import resource
from pathlib import Path

import psutil
import pytest

from chaos.tcp.client import Toxiproxy
from chaos.tcp.process import ProxyProcess
from tests.chaos.tcp.rig import ANSWER_SECONDS, connected, proxied, read_exactly

pytestmark = pytest.mark.skipif(not hasattr(psutil.Process, "rlimit"), reason="limits of others are Linux's")


def test_a_client_waits_without_cost_until_there_is_a_file_descriptor_for_it(
    process: ProxyProcess, toxiproxy: Toxiproxy
) -> None:
    running = psutil.Process(process.pid)
    with proxied(toxiproxy) as proxy:
        limits = running.rlimit(resource.RLIMIT_NOFILE)
        running.rlimit(resource.RLIMIT_NOFILE, (highest_descriptor(running) + 1, limits[1]))
        with connected(proxy) as client:
            client.sendall(b"waiting")
            client.settimeout(1)
            before = sum(running.cpu_times()[:2])
            with pytest.raises(TimeoutError):
                client.recv(1)
            assert sum(running.cpu_times()[:2]) - before < 0.3
            running.rlimit(resource.RLIMIT_NOFILE, limits)
            client.settimeout(ANSWER_SECONDS)
            assert read_exactly(client, 7) == b"waiting"


def highest_descriptor(process: psutil.Process) -> int:
    return max(int(each.name) for each in Path(f"/proc/{process.pid}/fd").iterdir())
