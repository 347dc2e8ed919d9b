"""The lab: it starts whole or not at all, says where it answers, and leaves nothing behind."""

import json
import signal
import socket
import ssl
import stat
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from chaos.process import kill
from testbed.ca import database
from testbed.errors import PartFailed
from testbed.lab import Lab
from testbed.settings import CaSettings, LabSettings, RaSettings
from tests.processes import all_gone, family_of, run_estorm, running_estorm, wait_until

pytestmark = pytest.mark.long


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    with Lab(LabSettings(), tmp_path, tmp_path / "ca.sqlite") as running:
        yield running


def test_every_part_serves_when_the_lab_has_started(lab: Lab) -> None:
    trust = ssl.create_default_context(cafile=lab.endpoints.trust_anchor)
    assert httpx.get(f"{lab.endpoints.ra}/cacerts", verify=trust).status_code == 200
    assert httpx.get(lab.endpoints.ca, verify=trust).status_code == 401
    for url in lab.endpoints.metrics.values():
        assert "estorm_" in httpx.get(url).text


def test_the_database_is_there_and_empty(lab: Lab) -> None:
    assert database.issued(Path(lab.endpoints.database)) == []


def test_keys_are_gone_when_the_lab_has_stopped(tmp_path: Path) -> None:
    with Lab(LabSettings(), tmp_path, tmp_path / "ca.sqlite") as lab:
        directory = Path(lab.endpoints.trust_anchor).parent
        assert list(directory.glob("*.key"))
    assert not directory.exists()


def test_no_process_stays_when_the_block_raises(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), Lab(LabSettings(), tmp_path, tmp_path / "ca.sqlite") as lab:  # noqa: PT012
        processes = [psutil.Process(part.pid) for part in lab.parts]
        1 / 0  # noqa: B018
    assert all_gone(processes)


@pytest.mark.parametrize("part", ["ca", "ra"])
def test_a_busy_port_is_named_with_its_setting_and_nothing_is_left_running(part: str, tmp_path: Path) -> None:
    before = set(family_of(psutil.Process().pid))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        settings = (
            LabSettings(ca=CaSettings(port=port)) if part == "ca" else LabSettings(ra=RaSettings(port=port))
        )
        with (
            pytest.raises(PartFailed, match=f"the {part} did not start: .*{port}") as refused,
            Lab(settings, tmp_path, tmp_path / "ca.sqlite"),
        ):
            pass
    assert f"{part}.port" in str(refused.value)
    assert all_gone([each for each in family_of(psutil.Process().pid) if each not in before])


def test_a_part_that_dies_is_named_with_its_signal(lab: Lab) -> None:
    kill(lab.endpoints.pids["ra"])
    assert wait_until(lab.deaths)
    assert str(lab.deaths()[0]).startswith("the ra ended by itself (SIGKILL)")


def test_estorm_lab_writes_its_endpoints_for_this_user_alone(tmp_path: Path) -> None:
    path = tmp_path / "lab.json"
    with running_estorm("lab", "--endpoints", str(path), cwd=tmp_path) as process:
        assert wait_until(lambda: path.exists() and path.read_bytes().endswith(b"}\n"))
        endpoints = json.loads(path.read_text())
        children = family_of(process.pid)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=15)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert endpoints.keys() >= {
        "ca", "ra", "trust_anchor", "account", "password", "est_user", "est_password", "template", "metrics",
    }  # fmt: skip
    assert process.returncode == 0
    assert all_gone(children)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_no_part_outlives_the_supervisor(number: signal.Signals, tmp_path: Path) -> None:
    with running_estorm("lab", cwd=tmp_path) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("ca ")
        children = family_of(process.pid)
        assert len(children) == 2
        process.send_signal(number)
        assert all_gone(children)


def test_estorm_lab_ends_with_the_name_of_the_part_that_died(tmp_path: Path) -> None:
    path = tmp_path / "lab.json"
    with running_estorm("lab", "--endpoints", str(path), cwd=tmp_path) as process:
        assert wait_until(lambda: path.exists() and path.read_bytes().endswith(b"}\n"))
        children = family_of(process.pid)
        kill(json.loads(path.read_text())["pids"]["ca"])
        _, errors = process.communicate(timeout=15)
    assert process.returncode == 1
    assert errors.startswith("estorm: the ca ended by itself (SIGKILL)")
    assert all_gone(children)


def test_a_busy_port_is_one_line_and_exit_code_two(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        scenario = tmp_path / "busy.toml"
        scenario.write_text(f"[ra]\nport = {taken.getsockname()[1]}\n")
        done = run_estorm("lab", str(scenario), cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith("estorm: the ra did not start:")
    assert done.stderr.count("\n") == 1
