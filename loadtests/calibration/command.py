"""`estorm calibrate`: production's logs, or a run folder, as a file that simulator and mock CA take."""

from pathlib import Path

import click
import msgspec

from exporters.logs.errors import LogsError
from exporters.logs.reading import Manner
from exporters.logs.sources import find_logs
from loadtests.calibration.document import Calibration
from loadtests.calibration.logs import calibrate_logs
from loadtests.calibration.new_files import check_new, write_new
from loadtests.calibration.run import calibrate_run
from loadtests.capacity.search_folder import SearchFolder
from loadtests.errors import ScenarioError
from loadtests.logs_command import manner_options
from loadtests.scenario import Scenario, default_scenario, read_scenario
from loadtests.storm.run_folder import RunFolder

_SCENARIO = "scenario.toml"


@click.command()
@click.argument("places", metavar="DIR|FILE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--out", type=click.Path(path_type=Path), default=Path("calibration.toml"), show_default=True,
    help="File to write: TOML, or JSON when its name ends in .json.",
)  # fmt: skip
@click.option(
    "--scenario", "scenario_file", type=click.Path(path_type=Path),
    help="Also write a scenario here whose CA has the measured times, with the busiest minute's rate.",
)  # fmt: skip
@manner_options
def calibrate(places: tuple[Path, ...], out: Path, scenario_file: Path | None, manner: Manner) -> None:
    """Make service times, load and overheads from logs of production or from a run's or search's folder.

    Of production it needs the CA's IIS logs, and takes CAPF's and CES's where they are there. Several
    gigabytes are read twice, in little memory.
    """
    check_new([path for path in (out, scenario_file) if path])
    try:
        found = _calibration(places, manner)
    except LogsError as error:
        raise ScenarioError(str(error)) from error
    texts = {out: found.text(out)}
    if scenario_file:
        texts[scenario_file] = found.applied(_base(found, places)).to_toml()
    write_new(texts)
    _describe(found)
    for kind, path in zip(("calibration", "scenario"), texts, strict=False):
        click.echo(f"{kind}: {path}")


def _calibration(places: tuple[Path, ...], manner: Manner) -> Calibration:
    if len(places) == 1 and _is_run(places[0]):
        return calibrate_run(places[0])
    if len(places) == 1 and _is_search(places[0]):
        return Calibration.read(SearchFolder(places[0]).calibration)
    if made := next((place for place in places if _is_run(place) or _is_search(place)), None):
        raise ScenarioError(
            f"{made} is the folder of a run or a search: calibrate it alone, not with other logs"
        )
    files, _ = find_logs(places)
    return calibrate_logs(files, manner)


def _is_run(place: Path) -> bool:
    return RunFolder(place).scenario.is_file() and RunFolder(place).summary.is_file()


def _is_search(place: Path) -> bool:
    return SearchFolder(place).calibration.is_file()


def _describe(found: Calibration) -> None:
    for line in found.known:
        click.echo(f"known: {line}")
    for line in found.unknown:
        click.echo(f"not known: {line}")
    if found.load:
        load = found.load
        click.echo(
            f"{load.enrollments} enrollments from {load.first} to {load.last}, at most "
            f"{load.busiest_minute_per_second:.2f}/s in a minute and {load.highest_concurrency:.1f} requests "
            "under way"
        )
    chain = found.chain
    if chain.started:
        click.echo(
            f"CAPF: {chain.started} began, {chain.enrolled} enrolled, {chain.failed} failed, "
            f"{chain.timed_out_at_capf} by its read timer"
        )


def _base(found: Calibration, places: tuple[Path, ...]) -> Scenario:
    return read_scenario(places[0] / _SCENARIO) if found.source == "run" else _at_busiest(found)


def _at_busiest(found: Calibration) -> Scenario:
    """The default scenario with phones that come as in the busiest minute."""
    scenario = default_scenario()
    if found.load is None:
        return scenario
    rate = max(found.load.busiest_minute_per_second, 0.001)
    return msgspec.structs.replace(
        scenario, arrivals=msgspec.structs.replace(scenario.arrivals, rate_per_second=rate)
    )
