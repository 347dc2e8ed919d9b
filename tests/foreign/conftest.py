"""An EST server that we did not write: globalsign/est's, or any that the environment names.

    ESTORM_FOREIGN_EST_URL            https://host:port[/segment], which these tests may load
    ESTORM_FOREIGN_EST_TRUST_ANCHOR   PEM file that its certificate chains to
    ESTORM_FOREIGN_EST_OPTIONS        what else `estorm probe` needs, such as --est-user capf --auth digest
    ESTORM_EST_PASSWORD               the password, as for any target

Without a URL, `estserver` is looked for beside Python and on PATH; `.ci/os-packages` builds it where there is
Go. With neither, these tests are deselected, and the end of the run says so.
"""

import contextlib
import datetime as dt
import json
import os
import shlex
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from testbed import pki
from tests.processes import wait_until

HERE = Path(__file__).parent
ABSENT = "deselected: no foreign EST server; set ESTORM_FOREIGN_EST_URL, or install Go for make test to build"
_DESELECTED = pytest.StashKey[int]()


def program() -> str | None:
    """The path of globalsign/est's server."""
    beside_python = Path(sys.executable).parent
    return shutil.which("estserver", path=f"{beside_python}{os.pathsep}{os.environ.get('PATH', '')}")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    ours = [item for item in items if HERE in item.path.parents]
    if ours and not (os.environ.get("ESTORM_FOREIGN_EST_URL") or program()):
        items[:] = [item for item in items if item not in ours]
        config.stash[_DESELECTED] = len(ours)
        config.hook.pytest_deselected(items=ours)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if count := terminalreporter.config.stash.get(_DESELECTED, 0):
        terminalreporter.write_line(f"tests/foreign: {count} {ABSENT}")


@dataclass(frozen=True, slots=True)
class Foreign:
    """Where it is, and the options that go with it."""

    url: str
    options: tuple[str, ...]
    ours: bool


@pytest.fixture(scope="session")
def foreign(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Foreign]:
    url = os.environ.get("ESTORM_FOREIGN_EST_URL")
    if url:
        anchor = os.environ.get("ESTORM_FOREIGN_EST_TRUST_ANCHOR", "")
        more = shlex.split(os.environ.get("ESTORM_FOREIGN_EST_OPTIONS", ""))
        yield Foreign(url, ("--trust-anchor", anchor, *more), ours=False)
        return
    directory = tmp_path_factory.mktemp("estserver")
    with _running(directory) as (port, anchor_path):
        yield Foreign(f"https://127.0.0.1:{port}", ("--trust-anchor", str(anchor_path)), ours=True)


@contextlib.contextmanager
def _running(directory: Path) -> Iterator[tuple[int, Path]]:
    """globalsign/est's server with a CA of its own."""
    found = program()
    assert found
    now = dt.datetime.now(dt.UTC)
    key, server_key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    certificate = pki.make_root(key, "FOREIGN-CA", now)
    root = pki.write_identity(directory, "root", key, certificate)
    server = pki.write_identity(
        directory,
        "server",
        server_key,
        pki.make_server_certificate(server_key, "127.0.0.1", key, certificate, now),
    )
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    config = {
        "mock_ca": {"certificates": str(root.certificate_path), "private_key": str(root.key_path)},
        "tls": {
            "listen_address": f"127.0.0.1:{port}",
            "certificates": str(server.certificate_path),
            "private_key": str(server.key_path),
            "client_cas": [str(root.certificate_path)],
        },
        "rate_limit": 1000,
        "timeout": 30,
        "log_file": str(directory / "estserver.log"),
    }
    (directory / "config.json").write_text(json.dumps(config))
    with subprocess.Popen([found, "-config", directory / "config.json"], stderr=subprocess.PIPE) as process:
        try:
            assert wait_until(lambda: _answers(port) or process.poll() is not None)
            assert process.poll() is None, process.stderr and process.stderr.read()
            yield port, root.certificate_path
        finally:
            process.kill()


def _answers(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False
