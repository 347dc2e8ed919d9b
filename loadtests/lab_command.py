"""`estorm lab`: RA and CA on this machine until Ctrl-C."""

import functools
import random
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import click
import msgspec

from chaos.settings import ChaosSettings
from loadtests import exits
from loadtests.lab_reload import reloading_on_sighup
from loadtests.scenario import Scenario, default_scenario, read_scenario
from loadtests.storm.chain import make_chain
from loadtests.storm.run_folder import create_run_folder
from testbed.errors import PartFailed
from testbed.lab import Endpoints, Lab
from testbed.settings import LabSettings


@click.command()
@click.argument("scenario_file", metavar="[SCENARIO.toml]", required=False, type=click.Path(path_type=Path))
@click.option("--endpoints", type=click.Path(path_type=Path), help="Write the endpoints here as JSON.")
@click.option("--out", type=click.Path(path_type=Path), help="Folder for logs and the CA's database.")
@click.option("--nginx", is_flag=True, help="Put NGINX in front of the RA, whatever the scenario says.")
@click.option("--chaos", is_flag=True, help="Make it breakable: proxies, DNS, control (docs/scenario.md).")
def lab(
    scenario_file: Path | None, endpoints: Path | None, out: Path | None, *, nginx: bool, chaos: bool
) -> None:
    """Start RA and CA on this machine, say where they answer, and run until Ctrl-C.

    SIGHUP reads the scenario again and has both go on with it.
    """
    scenario = _lab_scenario(scenario_file, nginx=nginx)
    if chaos and scenario.chaos is None:
        scenario = msgspec.structs.replace(scenario, chaos=ChaosSettings())
    scenario = scenario.seeded(random.SystemRandom())
    folder = create_run_folder("lab", datetime.now(UTC), out)
    with make_chain(scenario, folder.logs, folder.database) as running:
        try:
            if isinstance(running, Lab):
                reread = functools.partial(_lab_settings, scenario_file, nginx=nginx)
                # Whoever reads where it answers may ask it to reload.
                with reloading_on_sighup(running, reread, click.echo) as reload_if_asked:
                    _tell_endpoints(running.endpoints, endpoints)
                    running.watch(reload_if_asked)
            else:
                _tell_endpoints(running.endpoints, endpoints)
                running.watch()
        except PartFailed as failure:
            exits.fail(str(failure), exits.PART_DIED)
        except KeyboardInterrupt:
            click.echo("stopping")


def _tell_endpoints(found: Endpoints, path: Path | None) -> None:
    if path:
        found.write(path)
    for line in _endpoint_table(found):
        click.echo(line)


def _lab_scenario(path: Path | None, *, nginx: bool) -> Scenario:
    scenario = read_scenario(path) if path else default_scenario()
    if nginx:
        scenario = msgspec.structs.replace(scenario, ra=msgspec.structs.replace(scenario.ra, front="nginx"))
    return scenario


def _lab_settings(path: Path | None, *, nginx: bool) -> LabSettings:
    return _lab_scenario(path, nginx=nginx).lab_settings


def _endpoint_table(endpoints: Endpoints) -> Iterator[str]:
    fields = msgspec.to_builtins(endpoints)
    for name, value in fields.items():
        rows = value.items() if isinstance(value, dict) else [("", value)]
        for key, each in rows:
            yield f"{f'{name} {key}'.strip():<14} {each}"
