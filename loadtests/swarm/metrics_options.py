"""The load generator's options for its `/metrics`."""

import datetime as dt
from argparse import Namespace
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from loadtests.errors import ScenarioError
from loadtests.listening import Listen, parse_listen

if TYPE_CHECKING:  # importing Locust replaces this process's sockets
    from locust.argument_parser import LocustArgumentParser

_OPTIONS = (
    (
        "metrics-listen",
        "[HOST:]PORT to serve Prometheus metrics at; without a host 127.0.0.1; 0: any port",
    ),
    ("metrics-web-config", "Prometheus web config file: TLS and Basic for the metrics"),
    ("metrics-targets", "file that tells Prometheus (file_sd_configs) where the metrics are, while they are"),
    ("run-id", "what metrics call the run; default: its time"),
    ("scenario-name", "what metrics call the scenario"),
)


@dataclass(frozen=True, slots=True)
class MetricsOptions:
    """Where metrics are served, and what they say of the run."""

    listen: Listen
    run_id: str
    scenario: str
    targets: Path | None
    web_config: Path | None


def add_metrics_options(parser: "LocustArgumentParser") -> None:
    """Add the options to Locust's parser; none shows on the web page."""
    for name, text in _OPTIONS:
        parser.add_argument(f"--{name}", default="", help=text, include_in_web_ui=False)


def read_metrics_options(given: Namespace) -> MetricsOptions | None:
    """What the command line says; None: no metrics. ScenarioError names the option that cannot be used."""
    if not given.metrics_listen:
        return None
    listen = parse_listen(given.metrics_listen)
    if listen is None:
        raise ScenarioError(f"--metrics-listen {given.metrics_listen!r} is not HOST:PORT or PORT")
    return MetricsOptions(
        listen,
        given.run_id or f"{dt.datetime.now(dt.UTC):%Y%m%dT%H%M%SZ}-locust",
        given.scenario_name or "locust",
        Path(given.metrics_targets) if given.metrics_targets else None,
        Path(given.metrics_web_config) if given.metrics_web_config else None,
    )
