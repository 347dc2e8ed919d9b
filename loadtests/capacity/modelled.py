"""The answer of a search with the models of how the chain scales, as far as its time budget allows."""

from collections.abc import Iterator
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
    page = folder.path / "report.html"
    text = folder.run.scenario.read_text()
    write_capacity_report(page, found, found.models, text, " ".join(_command(found.searched)))
    return page


def _command(searched: Searched) -> Iterator[str]:
    """What repeats the search, a word or an option each; the scenario has its rules and its target."""
    settings, usual = searched.settings, SearchSettings()
    yield f"estorm capacity scenario.toml --seed {searched.seed}"
    if settings.time_budget_seconds is not None:
        yield f"--time-budget {settings.time_budget_seconds + (searched.models_seconds or 0.0):g}s"
    if settings.first_rate is not None:
        yield f"--first-rate {settings.first_rate:.12g}"
    if settings.settle_seconds != usual.settle_seconds:
        yield f"--settle {settings.settle_seconds:.12g}s"
    if searched.target:
        yield "--i-may-load-this"
    elif searched.models_seconds is None:
        yield "--no-models"


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
