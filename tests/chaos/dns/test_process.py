"""The process: it says where it answers or why not, and nothing of it outlives its owner."""

import contextlib
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from chaos.dns.client import DnsClient
from chaos.dns.faults.nxdomain import Nxdomain
from chaos.dns.plan import DnsPartSettings, FaultPlan
from chaos.dns.process import DnsProcess
from chaos.process import kill
from testbed.errors import PartFailed
from tests.chaos.dns.asking import ask
from tests.processes import all_gone, wait_until

OWNER = """
import sys, time
from pathlib import Path
from chaos.dns.plan import DnsPartSettings
from chaos.dns.process import DnsProcess
with DnsProcess(DnsPartSettings(), Path(sys.argv[1])) as dns:
    print(dns.pid, dns.address, dns.url, flush=True)
    time.sleep(60)
"""


def free(address: str) -> bool:
    """Whether nobody has HOST:PORT any more, over UDP or TCP."""
    host, _, port = address.rpartition(":")
    try:
        with socket.create_server((host, int(port))), socket.socket(type=socket.SOCK_DGRAM) as udp:
            udp.bind((host, int(port)))
    except OSError:
        return False
    return True


@contextlib.contextmanager
def owner(directory: Path) -> Iterator[tuple[subprocess.Popen[str], psutil.Process, list[str]]]:
    """A program that owns a server; the server's process and addresses."""
    command = [sys.executable, "-c", OWNER, str(directory)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            assert process.stdout is not None
            pid, *addresses = process.stdout.readline().split()
            yield process, psutil.Process(int(pid)), addresses
        finally:
            if process.poll() is None:
                process.kill()


def test_it_starts_with_its_settings_and_leaves_nothing(tmp_path: Path) -> None:
    settings = DnsPartSettings(
        addresses={"ca.test": ("127.0.0.9", "::9")}, default_ipv4="", ttl_seconds=5,
        plan=FaultPlan((Nxdomain(host="gone.test"),), seed=8),
    )  # fmt: skip
    with DnsProcess(settings, tmp_path) as dns, DnsClient(dns.url) as client:
        process = psutil.Process(dns.pid)
        assert ask(dns.address).records == (("ca.test.", 1, "127.0.0.9", 5),)
        assert ask(dns.address, type_="AAAA").addresses == ["::9"]
        assert ask(dns.address, "gone.test").rcode == 3
        assert ask(dns.address, "other.test").addresses == []
        assert client.faults().seed == 8
    assert all_gone([process])
    assert free(dns.address)
    assert free(dns.url.removeprefix("http://"))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_nothing_outlives_an_owner_that_is_interrupted_or_killed(
    number: signal.Signals, tmp_path: Path
) -> None:
    with owner(tmp_path) as (process, server, (address, url)):
        process.send_signal(number)
        assert all_gone([server])
        process.wait(10)
    assert wait_until(lambda: free(address))
    assert free(url.removeprefix("http://"))


def test_a_paused_server_does_not_outlive_its_owner_either(tmp_path: Path) -> None:
    with owner(tmp_path) as (process, server, (address, _)):
        server.suspend()
        process.kill()
        assert all_gone([server])
    assert wait_until(lambda: free(address))


@pytest.mark.parametrize("seed", range(8))
def test_ctrl_c_at_any_moment_leaves_no_process(seed: int, tmp_path: Path) -> None:
    command = [sys.executable, "-c", OWNER, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        time.sleep(random.Random(seed).uniform(0, 2))  # the moment is the point
        process.send_signal(signal.SIGINT)
        process.wait(10)
    assert all_gone(_servers_of(process.pid))


def _servers_of(owner_pid: int) -> list[psutil.Process]:
    """The servers that a process has started: their launch files are in its scratch directory."""
    mark = f"estorm-dns-{owner_pid}-"
    return [
        process for process in psutil.process_iter(["cmdline"])
        if any(mark in part for part in process.info["cmdline"] or ())
    ]  # fmt: skip


def test_a_killed_server_is_told_by_its_signal(tmp_path: Path) -> None:
    with DnsProcess(DnsPartSettings(), tmp_path) as dns:
        assert dns.death() is None
        kill(dns.pid)
        assert wait_until(dns.death)
        assert str(dns.death()).startswith("the dns ended by itself (SIGKILL)")


@pytest.mark.parametrize(
    ("kind", "setting"),
    [
        (socket.SOCK_STREAM, "port"),
        (socket.SOCK_DGRAM, "port"),
        (socket.SOCK_STREAM, "management_port"),
    ],
)
def test_a_taken_port_is_named_with_its_setting(
    kind: socket.SocketKind, setting: str, tmp_path: Path
) -> None:
    with socket.socket(type=kind) as taken:
        taken.bind(("127.0.0.1", 0))
        if kind == socket.SOCK_STREAM:
            taken.listen()
        port = taken.getsockname()[1]
        why = rf"the dns did not start: .*127\.0\.0\.1:{port}: Address already in use; set {setting} "
        with pytest.raises(PartFailed, match=why), DnsProcess(_with_port(setting, port), tmp_path):
            pass


def _with_port(setting: str, port: int) -> DnsPartSettings:
    return DnsPartSettings(port=port) if setting == "port" else DnsPartSettings(management_port=port)


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        (DnsPartSettings(addresses={"ca.test": ("lab-dc",)}), r"addresses\.ca\.test: 'lab-dc'"),
        (DnsPartSettings(default_ipv4="here"), "default_ipv4: 'here'"),
        (DnsPartSettings(default_ipv6="here"), "default_ipv6: 'here'"),
    ],
)
def test_an_address_that_is_none_is_named(settings: DnsPartSettings, named: str, tmp_path: Path) -> None:
    with pytest.raises(PartFailed, match=named), DnsProcess(settings, tmp_path):
        pass


def test_a_launch_file_with_a_wrong_key_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "launch.json"
    path.write_text(f'{{"supervisor_pid": {os.getpid()}, "settings": {{"prot": 53}}}}')
    command = [sys.executable, "-m", "chaos.dns", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    assert done.returncode == 1
    assert "unknown field `prot`" in done.stdout
    assert done.stderr == ""
