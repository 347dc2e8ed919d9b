"""`estorm exporter est`: a probe of EST servers that Prometheus scrapes like the blackbox exporter."""

import contextlib
import random
import time
from pathlib import Path

import click
from prometheus_client import CollectorRegistry
from prometheus_client.process_collector import ProcessCollector

from exporters.endpoint import metrics_endpoint
from exporters.est.endpoint import ProbeEndpoint
from loadtests.errors import ScenarioError
from loadtests.listening import Listen, ListenType, web_config_option, web_of
from loadtests.targets.est_prober import EstProber
from loadtests.targets.probe_modules import allowed_targets, read_probe_config

_LONG_SECONDS = 3_600.0


@click.group("exporter")
def exporter_group() -> None:
    """Metrics of what is not ours."""


@exporter_group.command(short_help="Probe EST servers, as the blackbox exporter probes others.")
@click.option(
    "--config", "path", required=True, type=click.Path(path_type=Path),
    help="TOML file with the modules and what they may probe (docs/est-probe.md).",
)  # fmt: skip
@click.option("--listen", type=ListenType(), default="9743", show_default=True, help="Where to serve /probe.")
@web_config_option
def est(path: Path, listen: Listen, web_config: Path | None) -> None:
    """Probe EST servers: /probe?target=https://HOST:PORT[/SEGMENT]&module=NAME."""
    config, web = read_probe_config(path), web_of(web_config)
    probers = {
        name: EstProber(module, allowed_targets(module, config), time.time, random.SystemRandom())
        for name, module in config.modules.items()
    }
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    endpoint = ProbeEndpoint(probers, time.time)
    try:
        with (
            contextlib.closing(endpoint),
            metrics_endpoint(registry, listen.host, listen.port, wrap=endpoint.with_probe, web=web) as url,
        ):
            click.echo(f"probe: {url.removesuffix('/metrics')}/probe?target=URL&module={'|'.join(probers)}")
            with contextlib.suppress(KeyboardInterrupt):
                while True:
                    time.sleep(_LONG_SECONDS)
            click.echo("stopping")
    except OSError as error:
        raise ScenarioError(f"--listen {listen}: {error.strerror or error}") from error
