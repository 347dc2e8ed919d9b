"""The standing Prometheus looks where the exporters answer by default."""

import re
from pathlib import Path

import click
import yaml

from loadtests.logs_command import logs_group

CONFIGURATION = Path(__file__).parents[2] / "grafana" / "prometheus" / "prometheus.yml"


def test_prometheus_looks_for_the_log_exporter_at_its_default_port_where_that_job_is_uncommented() -> None:
    command = logs_group.get_command(click.Context(logs_group), "serve")
    assert command is not None
    default = next(option.default for option in command.params if option.name == "listen")
    text = CONFIGURATION.read_text()
    assert [job["job_name"] for job in yaml.safe_load(text)["scrape_configs"]] == ["estorm"]
    uncommented = re.sub(r"^  # (?=[- ] )", "  ", text, flags=re.MULTILINE)
    _, logs = yaml.safe_load(uncommented)["scrape_configs"]
    assert logs == {"job_name": "estorm-logs", "static_configs": [{"targets": [f"127.0.0.1:{default}"]}]}
