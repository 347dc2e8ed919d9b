"""The answer of a search with the models of how the chain scales, as far as its time budget allows."""

from pathlib import Path

import msgspec

from loadtests.capacity.progress import SearchDisplay
from loadtests.capacity.result import Capacity, Searched, write
from loadtests.capacity.search import SearchSettings, seconds_left
from loadtests.capacity.search_folder import SearchFolder
from loadtests.report.capacity import write_capacity_report
from loadtests.scaling.demands import Limits
from loadtests.scaling.lab import LabLevels
from loadtests.scaling.records import LevelRecords
from loadtests.scaling.step import ModelStep, reserved_seconds
from loadtests.scenario import Scenario

_USUAL_ALONE_SECONDS = 0.2


def with_time_for_models(searched: Searched, *, wanted: bool) -> Searched:
    """The same with a part of the search's time budget kept for the models; with none where not `wanted`."""
    settings, budget = searched.settings, searched.settings.time_budget_seconds
    if not wanted:
        return msgspec.structs.replace(searched, models_seconds=None)
    kept = 0.0 if budget is None else reserved_seconds(budget)
    return msgspec.structs.replace(
        searched, models_seconds=kept, settings=_less(settings, None if budget is None else budget - kept)
    )


def modelled(found: Capacity, scenario: Scenario, folder: SearchFolder, display: SearchDisplay) -> Capacity:
    """The answer with its models, as written; the same when none are wanted, or the user interrupts."""
    if found.interrupted or found.searched.models_seconds is None:
        return found
    try:
        models = _step(found, scenario, folder.path, display, found.searched.models_seconds).run()
    except KeyboardInterrupt:
        return _written(msgspec.structs.replace(found, interrupted=True), folder)
    return _written(msgspec.structs.replace(found, models=models), folder)


def write_page(found: Capacity, folder: SearchFolder) -> Path:
    """Draw the run's page, and say where it is."""
    page, searched = folder.path / "report.html", found.searched
    command = f"estorm capacity scenario.toml --seed {searched.seed}"
    budget = searched.settings.time_budget_seconds
    if budget is not None:
        command += f" --time-budget {budget + (searched.models_seconds or 0.0):g}s"
    write_capacity_report(page, found, found.models, folder.run.scenario.read_text(), command)
    return page


def _step(
    found: Capacity, scenario: Scenario, folder: Path, display: SearchDisplay, kept_seconds: float
) -> ModelStep:
    searched = found.searched
    limits, records = Limits.of(scenario, searched.machine.cpus), LevelRecords(folder)
    left = seconds_left(found.trials, searched.settings)
    return ModelStep(
        LabLevels(scenario, records.folder, limits, display.line), records, limits, searched.seed,
        alone_seconds=found.baseline_p50_seconds or _USUAL_ALONE_SECONDS,
        seconds=None if left is None else max(0.0, left) + kept_seconds,
        tell=display.line,
    )  # fmt: skip


def _less(settings: SearchSettings, budget_seconds: float | None) -> SearchSettings:
    return msgspec.structs.replace(settings, time_budget_seconds=budget_seconds)


def _written(found: Capacity, folder: SearchFolder) -> Capacity:
    write(found, folder.answer)
    return found
