"""Prometheus beside a storm: there, absent, or refused."""

import json
import os
import subprocess
import sys
from pathlib import Path

import httpx
import psutil
import pytest

from exporters.targets import listed
from loadtests.errors import ScenarioError
from loadtests.scenario import default_scenario, parse_scenario
from loadtests.storm.prometheus import check_scrapable, prometheus_beside, see_last_scrape
from tests.prometheus import needs_prometheus

ESTORM = Path(sys.executable).with_name("estorm")


def test_a_machine_without_prometheus_is_one_line_and_exit_2_before_anything_is_made(tmp_path: Path) -> None:
    command = map(str, (ESTORM, "storm", "--prometheus", "--out", tmp_path / "run"))
    nothing = os.environ | {"PATH": str(tmp_path)}
    done = subprocess.run(
        [*command], env=nothing, capture_output=True, text=True, check=False, timeout=60
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert (
        "there is no prometheus on this machine; install it (Debian: apt-get install prometheus)"
        in done.stderr
    )
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("table", ["ra", "ca", "generator"])
def test_a_part_that_shows_its_metrics_to_few_is_refused_by_its_table(table: str) -> None:
    scenario = parse_scenario(f'[{table}.metrics]\nweb_config = "web.yml"', "here")
    with pytest.raises(ScenarioError, match=rf"--prometheus: {table}\.metrics\.web_config"):
        check_scrapable(scenario)


def test_parts_that_show_their_metrics_to_everybody_are_not_refused() -> None:
    check_scrapable(default_scenario())


@needs_prometheus
def test_it_scrapes_what_the_target_files_name_and_ends_with_the_context(tmp_path: Path) -> None:
    directory = tmp_path / "prometheus"
    with prometheus_beside(tmp_path, directory) as url:
        own = {"estorm-self": f"{url}/metrics"}
        with listed(tmp_path / "targets-self.json", own, {"run": "tonight"}):
            found: list[object] = []
            while not found:  # the test's own timeout bounds it
                see_last_scrape()
                query = {"query": 'up{job="estorm-self",run="tonight"} == 1'}
                answer = httpx.get(f"{url}/api/v1/query", params=query, trust_env=False).json()
                found = answer["data"]["result"]
        processes = [
            each for each in psutil.Process().children(recursive=True) if each.name() == "prometheus"
        ]
        assert len(processes) == 1
        listening = {
            each.laddr.ip for each in processes[0].net_connections("inet") if each.status == "LISTEN"
        }
        assert listening == {"127.0.0.1"}
        rules = httpx.get(f"{url}/api/v1/rules", trust_env=False).json()["data"]["groups"]
        assert {group["name"] for group in rules} == {"estorm-alerts", "estorm-recording"}
    assert not any(each.is_running() for each in processes)
    assert (directory / "data" / "wal").is_dir()


@needs_prometheus
def test_one_that_does_not_start_is_one_line_with_its_last_words(tmp_path: Path) -> None:
    directory = tmp_path / "prometheus"
    directory.mkdir()
    (directory / "data").write_text("not a directory")
    with pytest.raises(ScenarioError, match=r"prometheus did not start; it said last: .+"), \
            prometheus_beside(tmp_path, directory):  # fmt: skip
        pass


def test_the_targets_of_a_storm_are_those_of_prometheus_own_format(tmp_path: Path) -> None:
    with listed(tmp_path / "targets-a.json", {"estorm-load": "http://127.0.0.1:1/metrics"}, {"run": "a"}):
        (group,) = json.loads((tmp_path / "targets-a.json").read_text())
    assert set(group) == {"targets", "labels"}
