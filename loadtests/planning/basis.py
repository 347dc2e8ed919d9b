"""What a plan is made from: a run folder or a file of `estorm calibrate`, as a model of the chain."""

from dataclasses import dataclass
from pathlib import Path

from loadtests.calibration.document import Calibration
from loadtests.calibration.run import calibrate_run
from loadtests.capacity.search_folder import SearchFolder
from loadtests.errors import ScenarioError
from loadtests.scenario import Scenario, read_scenario
from loadtests.simulation.settings import ChainModel
from loadtests.storm.run_folder import RunFolder


@dataclass(frozen=True, slots=True)
class Basis:
    """The chain: what it is from, its scenario, its model; `model_from` says how that was made."""

    run: str
    scenario: Scenario
    model: ChainModel
    model_from: str


def read_basis(path: Path, scenario: Scenario | None) -> Basis:
    """The run in the folder `path`, or the calibration in that file, of the chain that `scenario` has.

    None takes the run's own; a calibration needs one, for its RA and its phones. ScenarioError, ModelError,
    JournalError, LogsError say what is lacking.
    """
    if path.is_file():
        if scenario is None:
            raise ScenarioError(f"{path} says nothing of RA and phones; name a scenario with --scenario")
        found = Calibration.read(path)
        return Basis(
            path.name, scenario, found.model(scenario), f"service times and overheads of {path.name}"
        )
    folder = RunFolder(path.resolve())
    if not folder.scenario.is_file():
        raise ScenarioError(f"{path} is not a run folder: it has no {folder.scenario.name}")
    if SearchFolder(folder.path).answer.is_file():
        raise ScenarioError(f"{path} is a capacity search, and its trials keep no logs; name a storm's run")
    own, measured = read_scenario(folder.scenario), calibrate_run(path)
    if scenario is None:
        return Basis(folder.name, own, measured.model(own), "the run's service times and overheads")
    # Whoever names another chain means its CA, too; what steps cost beside it was measured.
    model = ChainModel.of(scenario, measured.overheads)
    return Basis(folder.name, scenario, model, f"overheads of {folder.name}, the rest of {scenario.name}")
