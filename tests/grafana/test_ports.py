"""The standing Prometheus looks where the exporters answer by default."""

from pathlib import Path

import click

from loadtests.logs_command import logs_group

CONFIGURATION = Path(__file__).parents[2] / "grafana" / "prometheus" / "prometheus.yml"


def test_prometheus_looks_for_the_log_exporter_at_its_default_port() -> None:
    command = logs_group.get_command(click.Context(logs_group), "serve")
    assert command is not None
    default = next(option.default for option in command.params if option.name == "listen")
    assert f'"127.0.0.1:{default}"' in CONFIGURATION.read_text()
