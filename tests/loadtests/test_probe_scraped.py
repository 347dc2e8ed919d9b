"""`estorm exporter est` under a real Prometheus: what is documented, what the alert looks at."""

import json
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from exporters.est.families import GROUP
from loadtests.storm.prometheus import prometheus_beside
from tests.grafana import expressions
from tests.loadtests.est_server import EstServer, LabCa, running_est_server
from tests.loadtests.test_exporter_command import write_config
from tests.processes import announced, running_estorm
from tests.prometheus import Prometheus, needs_prometheus

PAGE = Path(__file__).parents[2] / "docs" / "est-probe.md"
MODULES = ("cacerts", "enroll")


@pytest.fixture(scope="module")
def server(lab_ca: LabCa) -> Iterator[EstServer]:
    with running_est_server(lab_ca) as server:
        yield server


@pytest.fixture(scope="module")
def prometheus(server: EstServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """One that asks for a probe with each module, and has had its answers."""
    folder = tmp_path_factory.mktemp("probed")
    write_config(folder, server)
    with running_estorm("exporter", "est", "--config", "probe.toml", "--listen", "0", cwd=folder) as process:
        place = urlsplit(announced(process)).netloc
        groups = [
            {
                "targets": [place],
                "labels": {
                    "job": GROUP.job, "instance": server.url, "module": module, "__metrics_path__": "/probe",
                    "__param_target": server.url, "__param_module": module,
                },
            }
            for module in MODULES
        ]  # fmt: skip
        (folder / "targets-probe.json").write_text(json.dumps(groups))
        with prometheus_beside(folder, folder / "prometheus") as url:
            asked = Prometheus(url)
            while len(asked.ask("probe_success == 1")) < len(MODULES):  # the test's own timeout bounds it
                time.sleep(0.2)
            yield asked


@needs_prometheus
def test_the_scrape_shows_what_the_documentation_lists_and_nothing_else(prometheus: Prometheus) -> None:
    scraped = {name for name in prometheus.names() if name.startswith("probe_")}
    assert scraped == {family.name for family in GROUP.families}


@needs_prometheus
def test_labels_are_those_that_are_documented(prometheus: Prometheus) -> None:
    for family in GROUP.families:
        for each in prometheus.ask(family.name):
            given = {"__name__", "job", "instance", "module"}
            assert set(each.metric) - given == set(family.label_names), family.name


@needs_prometheus
def test_no_label_holds_a_user_or_a_phone(prometheus: Prometheus) -> None:
    values = {value for each in prometheus.ask('{__name__=~"probe_.+"}') for value in each.metric.values()}
    assert {"cacerts", "enroll"} <= values
    assert not any("secret-user" in value or "SEP" in value for value in values)


@needs_prometheus
def test_the_alert_on_certificates_sees_those_of_the_probe(prometheus: Prometheus, server: EstServer) -> None:
    (rule,) = [each for each in expressions.of_rules() if each.where == "rule EstormCertificateExpires"]
    found = {
        each.metric["certificate"]: float(each.value[1])
        for each in prometheus.ask(rule.watched)
        if each.value and each.metric["instance"] == server.url
    }
    assert set(found) == {"server", "ca"}
    assert all(left > 0 for left in found.values())


@pytest.mark.skipif(not shutil.which("promtool"), reason="needs promtool (Debian: prometheus)")
def test_the_documented_scrape_configuration_is_one(tmp_path: Path) -> None:
    (shown,) = re.findall(r"```yaml\n(scrape_configs:.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    (tmp_path / "prometheus.yml").write_text(shown)
    done = subprocess.run(
        ["promtool", "check", "config", tmp_path / "prometheus.yml"], capture_output=True, text=True,
        check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"job_name: {GROUP.job}" in shown
