"""The exporters that are commands: over TLS and with a password, where a web config says so."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from exporters.targets import read_urls
from tests.guarded import Guard, make_guard
from tests.loadtests.est_server import EstServer
from tests.processes import announced, running_estorm, wait_until

LOCUSTFILE = Path(__file__).parents[2] / "loadtests" / "locustfile.py"
SECRETS = {"ESTORM_EST_PASSWORD": "secret"}


@pytest.fixture
def guard(tmp_path: Path) -> Guard:
    directory = tmp_path / "guard"
    directory.mkdir()
    return make_guard(directory)


def assert_shown_to_who_may_look(guard: Guard, url: str, parameters: str, shown: str) -> None:
    assert url.startswith("https://127.0.0.1:")
    for password in (None, "wrong"):
        refused = guard.scrape(url + parameters, password)
        assert refused.status_code == 401
        assert shown not in refused.text
    answer = guard.scrape(url + parameters)
    assert answer.status_code == 200
    assert shown in answer.text


def test_the_exporter_of_logs(guard: Guard, tmp_path: Path) -> None:
    (tmp_path / "capf.log").touch()
    with running_estorm(
        "logs", "serve", ".", "--listen", "0", "--web-config", str(guard.web_config), cwd=tmp_path
    ) as process:
        assert_shown_to_who_may_look(guard, announced(process), "", "estorm_log_lines_total")


def test_the_exporter_that_probes(guard: Guard, est_server: EstServer, tmp_path: Path) -> None:
    (tmp_path / "probe.toml").write_text(
        f'targets = ["{est_server.url}"]\n'
        f'[modules.cacerts.server]\ntrust_anchor = "{est_server.ca.trust_anchor}"\n'
    )
    with running_estorm(
        "exporter", "est", "--config", "probe.toml", "--listen", "0", "--web-config", str(guard.web_config),
        cwd=tmp_path,
    ) as process:  # fmt: skip
        target = f"?target={est_server.url}&module=cacerts"
        assert_shown_to_who_may_look(guard, announced(process), target, "probe_success 1.0")


@contextlib.contextmanager
def locust(server: EstServer, *options: str) -> Iterator[None]:
    command = [sys.executable, "-m", "locust", "-f", str(LOCUSTFILE), "--headless", "--only-summary"]
    command += ["--trust-anchor", str(server.ca.trust_anchor), "--key-type", "p-256", "--host", server.url]
    command += ["--phones", "1000", "--arrival-rate", "1", *options]
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        env=os.environ | SECRETS, start_new_session=True,
    ) as process:  # fmt: skip
        try:
            yield
        finally:
            process.kill()


def test_the_load_generator(guard: Guard, est_server: EstServer, tmp_path: Path) -> None:
    targets = tmp_path / "targets-load.json"
    with locust(
        est_server, "--metrics-listen", "0", "--metrics-web-config", str(guard.web_config),
        "--metrics-targets", str(targets),
    ):  # fmt: skip
        assert wait_until(lambda: bool(read_urls(targets)), 60)
        assert_shown_to_who_may_look(guard, read_urls(targets)["estorm-load"], "", "estorm_phones{")
