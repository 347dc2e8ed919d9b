"""Prometheus beside a storm: scrapes its parts every second and keeps the data in the run folder."""

import contextlib
import importlib.resources
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from loadtests.errors import ScenarioError
from loadtests.scenario import Scenario
from testbed.supervision import terminate

SCRAPE_SECONDS = 1.0
_START_SECONDS = 30.0
_POLL_SECONDS = 0.05
_LISTENS = re.compile(r'msg="Listening on" address=(\S+)')
_CONFIGURATION = """\
global:
  scrape_interval: {interval:g}s
  scrape_timeout: {interval:g}s
  evaluation_interval: {interval:g}s
rule_files:
  - {rules}/*.yml
scrape_configs:
  - job_name: estorm
    file_sd_configs:
      - files: ["{folder}/targets-*.json"]
        refresh_interval: 1s
"""


def check_prometheus(scenario: Scenario, *, wanted: bool) -> None:
    """ScenarioError when there is none, or a part shows its metrics to those alone who know a password."""
    if wanted:
        find_prometheus()
        check_scrapable(scenario)


def find_prometheus() -> str:
    """The program; ScenarioError when there is none."""
    found = shutil.which("prometheus")
    if found is None:
        raise ScenarioError(
            "--prometheus: there is no prometheus on this machine; install it (Debian: apt-get install "
            "prometheus) or leave the option out"
        )
    return found


def check_scrapable(scenario: Scenario) -> None:
    """ScenarioError when a part shows its metrics to those alone who know more than this Prometheus."""
    tables = {
        "ra": scenario.ra.metrics, "ca": scenario.ca.metrics, "generator": scenario.generator.metrics,
    }  # fmt: skip
    for table, metrics in tables.items():
        if metrics.web_config:
            raise ScenarioError(
                f"--prometheus: {table}.metrics.web_config asks for what the Prometheus beside a storm has "
                "not; leave one of them out"
            )


@contextlib.contextmanager
def prometheus_beside(run_folder: Path, directory: Path, options: Sequence[str] = ()) -> Iterator[str]:
    """Prometheus on a free port of 127.0.0.1 while the context lasts; gives its URL.

    It scrapes what the files `targets-*.json` in `run_folder` name; configuration, log and data go into
    `directory`; `options` are more of its own. ScenarioError when there is no Prometheus, or it does not
    start.
    """
    program = find_prometheus()
    directory.mkdir(exist_ok=True)
    configuration = directory / "prometheus.yml"
    rules = Path(str(importlib.resources.files("grafana"))) / "prometheus" / "rules"
    configuration.write_text(
        _CONFIGURATION.format(interval=SCRAPE_SECONDS, rules=rules, folder=run_folder.absolute())
    )
    log = directory / "prometheus.log"
    command = [
        program, f"--config.file={configuration}", f"--storage.tsdb.path={directory / 'data'}",
        "--storage.tsdb.retention.time=100y", "--web.listen-address=127.0.0.1:0", *options,
    ]  # fmt: skip
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "testbed.tether", str(os.getpid()), *command],
            stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True,
        )  # fmt: skip
    try:
        yield _ready(process, log)
    finally:
        terminate(process)


def see_last_scrape(sleep: Callable[[float], None] = time.sleep) -> None:
    """Let what the parts counted last be scraped before they end."""
    sleep(SCRAPE_SECONDS * 1.2)


def _ready(process: "subprocess.Popen[bytes]", log: Path) -> str:
    """The URL, once it answers there."""
    import httpx  # noqa: PLC0415 - few storms have a Prometheus, and it costs 0.1 s

    deadline = time.monotonic() + _START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        if listens := _LISTENS.search(log.read_text(errors="replace")):
            url = f"http://{listens[1]}"
            with contextlib.suppress(httpx.HTTPError):
                if httpx.get(f"{url}/-/ready", trust_env=False).status_code == 200:
                    return url
        time.sleep(_POLL_SECONDS)
    said = log.read_text(errors="replace").splitlines()[-1:]
    raise ScenarioError(f"prometheus did not start; it said last: {' '.join(said)}")
