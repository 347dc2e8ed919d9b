import os
import signal
from pathlib import Path

import pytest

from tests.processes import all_gone, await_file, family_of, running_estorm

SCENARIO = """
[ra]
front = "nginx"
[ra.workers]
processes = 2
[ra.nginx]
worker_processes = 2
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_workers_and_nginx_go_with_the_supervisor(tmp_path: Path, number: signal.Signals) -> None:
    scenario = tmp_path / "scenario.toml"
    scenario.write_text(SCENARIO)
    endpoints = tmp_path / "endpoints.json"
    arguments = ("lab", str(scenario), "--endpoints", str(endpoints), "--out", str(tmp_path / "lab"))
    with running_estorm(*arguments, cwd=tmp_path) as supervisor:
        await_file(endpoints, supervisor)
        family = family_of(supervisor.pid)
        names = [process.name() for process in family]
        assert len([name for name in names if "nginx" in name]) == 3
        assert len(family) >= 7
        os.kill(supervisor.pid, number)
        assert all_gone(family)
