"""What a plan is made from: a storm's or a search's folder or a calibration, as a model of the chain."""

from dataclasses import dataclass
from pathlib import Path

from exporters.logs.errors import LogsError
from loadtests.calibration.document import Calibration
from loadtests.calibration.run import calibrate_run
from loadtests.capacity.search_folder import SearchFolder
from loadtests.errors import ModelError, ScenarioError
from loadtests.planning.measured import MeasuredCapacity
from loadtests.scenario import Scenario, read_scenario
from loadtests.simulation.settings import ChainModel
from loadtests.storm.run_folder import RunFolder

_USABLE = "the folder of a storm on a lab or of a capacity search, or a file of estorm calibrate"


@dataclass(frozen=True, slots=True)
class Basis:
    """The chain: what it is from, its scenario, its model; `model_from` says how that was made.

    `measured` is what a capacity search found of this very chain.
    """

    run: str
    scenario: Scenario
    model: ChainModel
    model_from: str
    measured: MeasuredCapacity | None = None


def read_basis(path: Path, scenario: Scenario | None) -> Basis:
    """The run or search in the folder `path`, or the calibration in that file, of the chain of `scenario`.

    None takes the run's own; a calibration needs one, for its RA and its phones. ScenarioError, ModelError,
    JournalError say what is lacking.
    """
    if path.is_file():
        return _of_calibration(path, scenario)
    if not path.is_dir():
        raise ScenarioError(f"there is no {path}; name {_USABLE}")
    search = SearchFolder(path.resolve())
    return _of_search(search, scenario) if search.is_search else _of_storm(path, scenario)


def _of_calibration(path: Path, scenario: Scenario | None) -> Basis:
    found = Calibration.read(path)
    if scenario is None:
        raise ScenarioError(f"{path} says nothing of RA and phones; name a scenario with --scenario")
    return Basis(path.name, scenario, found.model(scenario), f"service times and overheads of {path.name}")


def _of_search(search: SearchFolder, scenario: Scenario | None) -> Basis:
    own = read_scenario(search.run.scenario)
    if own.target.url:
        raise ScenarioError(
            f"{search.path} searched {own.target.url}, of which only its answers were seen; name a file that "
            "estorm calibrate made of its CA's IIS logs, with --scenario for its RA and its phones"
        )
    if not search.calibration.is_file():
        raise ScenarioError(
            f"{search.path} has no {search.calibration.name}: no trial has ended in which nearly all phones "
            f"enrolled; go on with estorm capacity --resume, or name {_USABLE}"
        )
    measured = Calibration.read(search.calibration)
    basis = _basis(search.run, own, measured, scenario)
    if scenario is not None:
        return basis
    return Basis(basis.run, own, basis.model, basis.model_from, MeasuredCapacity.of(search))


def _of_storm(path: Path, scenario: Scenario | None) -> Basis:
    folder = RunFolder(path.resolve())
    for needed in (folder.scenario, folder.summary):
        if not needed.is_file():
            raise ScenarioError(f"{path} is no run that has ended: it has no {needed.name}; name {_USABLE}")
    if not folder.logs.is_dir():
        raise ScenarioError(f"{path} has kept no logs, which overheads come from; name {_USABLE}")
    own = read_scenario(folder.scenario)
    try:
        return _basis(folder, own, calibrate_run(path), scenario)
    except LogsError as error:
        raise ScenarioError(str(error)) from error
    except ModelError as error:
        raise ModelError(
            f"{error}. Measure with fewer phones or longer timers, name that folder with --from, and plan "
            f"for this chain with --scenario {path / folder.scenario.name}"
        ) from error


def _basis(folder: RunFolder, own: Scenario, measured: Calibration, scenario: Scenario | None) -> Basis:
    if scenario is None:
        made_from = ", ".join(measured.made_from)
        return Basis(folder.name, own, measured.model(own), f"service times and overheads of {made_from}")
    # Whoever names another chain means its CA, too; what steps cost beside it was measured.
    model = ChainModel.of(scenario, measured.overheads)
    return Basis(folder.name, scenario, model, f"overheads of {folder.name}, the rest of {scenario.name}")
