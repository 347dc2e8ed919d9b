"""The proxy as a process: one owner, and nothing of it stays, whichever way either of them ends."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from chaos.tcp.client import ProxyWish, Toxiproxy
from chaos.tcp.process import ProxyProcess
from chaos.tcp.settings import ProxyEntry, TcpPartSettings
from testbed.errors import PartFailed
from tests.chaos.tcp.rig import connected, echo, read_exactly, read_to_end
from tests.processes import ENVIRONMENT, all_gone, family_of, wait_until
from tests.testbed.raw_server import raw_server

OWNER = """
import sys, time
from pathlib import Path
from chaos.tcp.process import ProxyProcess
from chaos.tcp.settings import TcpPartSettings
with ProxyProcess(TcpPartSettings(), Path(sys.argv[1])) as process:
    print(process.url, flush=True)
    time.sleep(60)
"""


def test_proxies_of_the_settings_are_there_from_the_start(tmp_path: Path) -> None:
    entry = ProxyEntry(name="ra-ca", upstream="127.0.0.1:9")
    with (
        ProxyProcess(TcpPartSettings(proxies=(entry,)), tmp_path) as process,
        Toxiproxy(process.url) as client,
    ):
        assert client.proxy("ra-ca").upstream == "127.0.0.1:9"


def test_leaving_ends_the_process_its_ports_and_its_connections(tmp_path: Path) -> None:
    with ProxyProcess(TcpPartSettings(), tmp_path) as process:
        running = psutil.Process(process.pid)
        client = Toxiproxy(process.url)
        hop = client.create(ProxyWish("hop", "127.0.0.1:9"))
        client.close()
    assert not running.is_running()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(hop.address)
    assert (tmp_path / "tcp.stderr.log").read_text() == ""


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_a_signal_ends_it_in_the_middle_of_connections_without_a_word(
    tmp_path: Path, ending: signal.Signals
) -> None:
    with ProxyProcess(TcpPartSettings(), tmp_path) as process:
        with Toxiproxy(process.url) as toxiproxy, raw_server(echo, None) as port:
            hop = toxiproxy.create(ProxyWish("hop", f"127.0.0.1:{port}"))
            with connected(hop) as client:
                client.sendall(b"open")
                assert read_exactly(client, 4) == b"open"
                toxiproxy.add_toxic("hop", "latency", {"latency": 60_000})
                client.sendall(b"on its way")
                os.kill(process.pid, ending)
                with contextlib.suppress(ConnectionResetError):
                    assert read_to_end(client) == b""
        assert wait_until(lambda: process.death() is not None, 5)
    assert (tmp_path / "tcp.stderr.log").read_text() == ""


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_it_dies_with_its_owner(tmp_path: Path, ending: signal.Signals) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", OWNER, str(tmp_path)], env=ENVIRONMENT, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, text=True,
    ) as owner:  # fmt: skip
        assert owner.stdout is not None
        assert owner.stdout.readline().startswith("http://127.0.0.1:")
        family = family_of(owner.pid)
        assert len(family) == 1
        owner.send_signal(ending)
        assert all_gone(family)


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(PartFailed, match=f"cannot listen on 127.0.0.1:{port}"):
            ProxyProcess(TcpPartSettings(port=port), tmp_path).__enter__()


def test_a_proxy_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    entry = ProxyEntry(name="ra-ca", upstream="127.0.0.1:9", listen="nonsense")
    with pytest.raises(PartFailed, match=r"'ra-ca' cannot be made: .* missing port"):
        ProxyProcess(TcpPartSettings(proxies=(entry,)), tmp_path).__enter__()
